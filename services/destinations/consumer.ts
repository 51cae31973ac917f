// A consumer that brings an integration's events to a destination of its own: Trello, a pager, another help desk. What such
// services share is here; each says what its section looks like, which client it needs and what an event becomes.
import { defineConsumer, reject, type AnyEvent, type Consumer, type EventSource, type HandlerAnswer, type HandlerContext, type Opened } from '../runtime/consumer.ts';
import type { Settings } from '../runtime/config.ts';
import type { Logger } from '../runtime/logger.ts';
import { Refused } from './failures.ts';
import { destinationSettings, watchDestinations, type Sections } from './file.ts';
import { createApi, dryRun, type Api, type ApiOptions } from './http.ts';
import { secretsOf, type Section } from './section.ts';

/** Makes a client that keeps the section's secrets to itself. */
export type OpenApi = (options: Omit<ApiOptions, 'secrets'>) => Api;

export interface Place<T> {
  readonly integrationId: string;
  readonly section: T;
  readonly api: OpenApi;
  readonly logger: Logger;
}

export interface DestinationContext<T, C, S extends Settings> extends HandlerContext<S> {
  readonly section: T;
  /** What `connect` made. */
  readonly destination: C;
  /** Of all integrations. */
  readonly sections: Sections<T>;
}

interface TenantEvent extends AnyEvent {
  readonly source: { readonly integration_id: string };
}

export interface DestinationDefinition<E extends TenantEvent, N extends E['event_type'], T, C, S extends Settings> {
  readonly name: string;
  readonly section: Section<T>;
  readonly events: readonly N[];
  readonly from?: 'beginning' | 'latest';
  readonly concurrency?: number;
  readonly settings?: S;
  /** Made once for an integration, and anew when its section changes. Asks nobody anything yet. */
  readonly connect: (place: Place<T>) => C;
  /** Of integrations that have a section. A `Refused` that it throws rejects the event, a `NotNow` lets it wait. */
  readonly handle: (event: Extract<E, { event_type: N }>, context: DestinationContext<T, C, S>) => Promise<HandlerAnswer> | Promise<void>;
}

interface Connected<T, C> {
  readonly section: T;
  readonly destination: C;
  /** Events that are being handled by it. */
  readonly atWork: Set<Promise<unknown>>;
}

interface Tools<T, C> {
  readonly of: (integrationId: string) => Promise<Connected<T, C> | undefined>;
  readonly sections: () => Sections<T>;
}

export interface Destination extends Consumer {
  /** As `open`, but whatever would change something is printed instead of sent. */
  readonly openDry: (config: Readonly<Record<string, unknown>>, logger: Logger, print: (line: string) => void) => Promise<Opened<unknown>>;
}

type MakeApi = (options: ApiOptions) => Api;

/** The section's client, made when it is first asked for. */
const placeOf = <T>(integrationId: string, value: T, section: Section<T>, logger: Logger, make: MakeApi): Place<T> => ({
  integrationId, section: value, logger,
  api: (options) => make({ ...options, secrets: secretsOf(section, value) }),
});

/** For commands: an integration's section with a client that sends. */
export const placeFor = <T>(integrationId: string, value: T, section: Section<T>, logger: Logger): Place<T> => placeOf(integrationId, value, section, logger, createApi);

async function openTools<T, C>(path: string, logger: Logger, definition: { readonly section: Section<T>; readonly connect: (place: Place<T>) => C }, make: MakeApi): Promise<Opened<Tools<T, C>>> {
  const { section, connect } = definition;
  const destinations = await watchDestinations(path, section, logger);
  const connected = new Map<string, Connected<T, C>>();
  const connectionOf = async (integrationId: string): Promise<Connected<T, C> | undefined> => {
    for (;;) {
      const value = destinations.find(integrationId);
      if (value === undefined) return undefined;
      const known = connected.get(integrationId);
      // Reading the file again makes new objects; what has not changed keeps its client and what that knows.
      if (known !== undefined && JSON.stringify(known.section) === JSON.stringify(value)) return known;
      if (known === undefined || known.atWork.size === 0) {
        const next = { section: value, destination: connect(placeOf(integrationId, value, section, logger, make)), atWork: new Set<Promise<unknown>>() };
        connected.set(integrationId, next);
        return next;
      }
      // What is under way by the section before may be making what a new client would look for: it begins when that has ended.
      await Promise.allSettled(known.atWork);
    }
  };
  const nowhere = path === '' ? 'DESTINATIONS_FILE is not set' : `no integration has a section ${section.name} in DESTINATIONS_FILE`;
  return {
    tools: { of: connectionOf, sections: () => destinations.all() },
    idle: () => (destinations.all().size === 0 ? nowhere : null),
    warnings: () => destinations.warnings(),
    close: () => destinations.close(),
  };
}

export function defineDestination<E extends TenantEvent, const N extends E['event_type'], T, C, S extends Settings = Settings>(
  source: EventSource<E>,
  definition: DestinationDefinition<E, N, T, C, S>,
): Destination {
  const { name, events, from, concurrency, handle } = definition;
  const settings = { ...definition.settings, ...destinationSettings } as S & typeof destinationSettings;
  const fileIn = ({ DESTINATIONS_FILE: path }: Readonly<Record<string, unknown>>): string => (typeof path === 'string' ? path : '');
  const consumer = defineConsumer<E, N, S & typeof destinationSettings, Tools<T, C>>(source, {
    name, events, settings, sinkPerTenant: true,
    ...(from === undefined ? {} : { from }),
    ...(concurrency === undefined ? {} : { concurrency }),
    open: (config, logger) => openTools(fileIn(config), logger, definition, createApi),
    async handle(event, context) {
      const connection = await context.tools.of(event.source.integration_id);
      if (connection === undefined) return undefined;
      const { section, destination, atWork } = connection;
      const working = (async () => handle(event, { ...context, section, destination, sections: context.tools.sections() }))();
      atWork.add(working);
      try {
        return (await working) ?? undefined;
      } catch (error) {
        if (error instanceof Refused) return reject(error.message);
        throw error;
      } finally {
        atWork.delete(working);
      }
    },
  });
  return {
    ...consumer,
    openDry: (config, logger, print) => openTools(fileIn(config), logger, definition, (options) => dryRun(options, print)),
  };
}
