// The fold as a projection runs it: what it reads, and which rows it keeps of a ticket. The runner knows nothing of tickets;
// it hands over what the queries answered.
import { deskOf, type Desk } from '../desk/desk.ts';
import { typeRank, type TicketEvent } from '../event.ts';
import { storyOf, type Story } from '../story.ts';
import { liveDeskOf, liveDeskQuery, type DeskAnswer } from './desk.ts';
import { eventsIn, timelineColumns, type Values } from './timeline.ts';

/** Rows by table, without whose they are. */
export type Keep = (story: Story, desk: Desk) => Readonly<Record<string, object>>;

/**
 * The version of what is told; of a ticket's rows the highest wins. What is read later comes from the same or more events, under
 * the same or a later configuration: so whoever was paused after reading can't put older facts over newer ones.
 */
export const versionOf = (configVersion: number, events: number): number => configVersion * 2 ** 32 + events;

/** What a ticket's events say under one version of the configuration. */
export interface Told {
  readonly version: number;
  readonly rows: Readonly<Record<string, object>>;
}

export interface Teller {
  readonly configVersion: number;
  /** @param events as `TicketFold.events` makes them. */
  readonly tell: (integrationId: string, events: readonly Pick<TicketEvent, 'eventId'>[]) => Told;
}

export interface TicketFold {
  readonly columns: readonly string[];
  readonly events: (columns: readonly Values[]) => (row: number) => TicketEvent;
  readonly eventTypes: readonly string[];
  readonly configQuery: string;
  /** @param answer the row that answers the query. */
  readonly under: (answer: unknown) => Teller;
}

export const ticketFold = (keep: Keep): TicketFold => ({
  columns: timelineColumns,
  events: eventsIn,
  eventTypes: Object.keys(typeRank),
  configQuery: liveDeskQuery,
  under: (answer) => {
    const { version, config } = liveDeskOf(answer as DeskAnswer);
    const desks = deskOf(config);
    return {
      configVersion: version,
      tell: (integrationId, events) => {
        const desk = desks(integrationId);
        const story = storyOf(events as readonly TicketEvent[], desk);
        return { version: versionOf(version, story.version), rows: keep(story, desk) };
      },
    };
  },
});
