// Compares the registry with the lock while a service runs. A registry that comes back empty, or
// with other ids, makes the log unreadable for everyone who asks it; the services go on from
// the lock, so without this nobody would notice until a stranger can't decode. It is told by an
// error in the log, a metric and a warning at /health/ready, which stays 200: events are
// written and read as before.
import { Gauge, type Registry } from 'prom-client';
import { messageOf } from '../errors.ts';
import type { Stoppable } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { sameSchema, type LockedSchema, type SchemaRegistry } from './registry.ts';

export interface SchemaWatch extends Stoppable {
  /** What is wrong now, for people; empty when all is well. */
  warnings(): string[];
}

type Finding = 'same' | 'missing' | 'other';

const INTERVAL_MS = 10_000;
const REMEDY = 'records of the log are unreadable for whoever asks it; run: npm run schemas -- restore';

/** What the registry says about every id of the lock. @throws RuntimeError `REGISTRY_UNAVAILABLE`. */
export async function compareWithRegistry(registry: Pick<SchemaRegistry, 'schemaById'>, locked: readonly LockedSchema[]): Promise<ReadonlyMap<number, Finding>> {
  const findings = new Map<number, Finding>();
  for (const [id, schema] of new Map(locked.map((entry) => [entry.id, entry.schema]))) {
    const found = await registry.schemaById(id);
    findings.set(id, found === null ? 'missing' : sameSchema(found, schema) ? 'same' : 'other');
  }
  return findings;
}

function warningsOf(findings: ReadonlyMap<number, Finding>): string[] {
  const ids = (wanted: Finding): string => [...findings].filter(([, finding]) => finding === wanted).map(([id]) => id).join(', ');
  const [missing, other] = [ids('missing'), ids('other')];
  return [
    ...(missing === '' ? [] : [`the schema registry lacks the schema ids ${missing}: ${REMEDY}`]),
    ...(other === '' ? [] : [`the schema registry has other schemas under the ids ${other}: ${REMEDY}`]),
  ];
}

/** Compares at once and then every 10 s, in the background: a registry that is down delays nothing. */
export function watchSchemas(registry: Pick<SchemaRegistry, 'schemaById'>, locked: readonly LockedSchema[], metrics: Registry, logger: Logger): SchemaWatch {
  const reachable = new Gauge({ name: 'ticketstream_registry_reachable', help: '1 when the schema registry answered the last comparison with the lock', registers: [metrics], aggregator: 'min' });
  const wrong = new Gauge({ name: 'ticketstream_registry_wrong_schemas', help: 'Ids of the lock that the registry lacks (missing) or gives to another schema (other)', labelNames: ['finding'], registers: [metrics], aggregator: 'max' });
  let warnings: string[] = [];
  let told = '';
  /** Each state once, when it begins. */
  const tell = (now: string[], state: string, level: 'info' | 'warn' | 'error'): void => {
    warnings = now;
    if (state !== told && (now.length > 0 || told !== '')) logger[level]({ warnings: now }, now.length === 0 ? state : 'going on from the schemas of the lock');
    told = state;
  };
  const compare = async (): Promise<void> => {
    try {
      const findings = await compareWithRegistry(registry, locked);
      reachable.set(1);
      for (const finding of ['missing', 'other'] as const) wrong.set({ finding }, [...findings.values()].filter((value) => value === finding).length);
      const found = warningsOf(findings);
      tell(found, found.length === 0 ? 'the schema registry agrees with the lock' : found.join(), found.length === 0 ? 'info' : 'error');
    } catch (error) {
      reachable.set(0);
      tell([`the schema registry does not answer: ${messageOf(error)}`], 'unreachable', 'warn');
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const turn = (): void => void compare().finally(() => {
    timer = stopped ? undefined : setTimeout(turn, INTERVAL_MS).unref();
  });
  turn();
  return {
    name: 'schema watch',
    warnings: () => warnings,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      return Promise.resolve();
    },
  };
}
