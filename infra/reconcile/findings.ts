// What a run finds, and how it is told.

export const kinds = {
  missing: 'a record of the log that has no row',
  later_copy: 'a row of a later copy of an event, whose first copy should count',
  changed: 'a row that says something else than its record',
  extra: 'a row that no record of the log accounts for',
  unreadable: 'a row whose record nobody can read any more',
  not_in_log: 'a row whose record lies before the log\'s start or behind its end',
  log_start_moved: 'records that were removed from the log\'s start',
  log_end_lost: 'an offset that a group has read and the log no longer has',
  not_quarantined: 'a record that can\'t be used, and is not in quarantine',
  landed_and_quarantined: 'an event that is both landed and pending in quarantine',
  facts_missing: 'a ticket without facts',
  facts_extra: 'facts of a ticket that has no events',
  facts_behind: 'facts of fewer events than the ticket has',
  facts_ahead: 'facts of more events than the ticket has',
  facts_of_old_configuration: 'facts under a configuration that has been replaced',
  facts_by_other_code: 'facts by another version of the code than their table admits',
  facts_changed: 'facts that are not what the ticket\'s events say',
  /** Told, and no fault of ours: the first one counts, and log.event_id_conflicts has them too. */
  conflict: 'two copies of an event with different bodies',
} as const;

export type Kind = keyof typeof kinds;

export interface Finding {
  readonly kind: Kind;
  readonly table: string;
  readonly partition: number | null;
  readonly offset: number | null;
  /** The hour in which it was received, UTC; '' where there is none. */
  readonly hour: string;
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly event_id: string;
  readonly detail: string;
}

/** Told, but nothing that has to be repaired. */
export const isNote = ({ kind }: Pick<Finding, 'kind'>): boolean => kind === 'conflict';

const nothing = { partition: null, offset: null, hour: '', integration_id: '', ticket_id: '', event_id: '' } as const;

export const finding = (kind: Kind, table: string, about: Partial<Omit<Finding, 'kind' | 'table'>>): Finding => ({ ...nothing, kind, table, detail: kinds[kind], ...about });

export const hourOf = (at: string): string => (at === '' ? '' : `${at.slice(0, 13)}:00`);

/** A table's row, and the place of its record. */
export interface PlacedRow {
  readonly partition: number;
  readonly offset: number;
  /** When its record was received, UTC. */
  readonly at: string;
  readonly integration_id: string;
  readonly ticket_id: string;
  readonly event_id: string;
}

export const findingAt = (kind: Kind, table: string, { partition, offset, at, integration_id, ticket_id, event_id }: PlacedRow, detail: string): Finding =>
  finding(kind, table, { partition, offset, hour: hourOf(at), integration_id, ticket_id, event_id, detail });

export function lineOf({ kind, table, partition, offset, hour, integration_id, ticket_id, event_id, detail }: Finding): string {
  const place = partition === null ? '' : ` partition ${partition}${offset === null ? '' : ` offset ${offset}`}`;
  const event = [integration_id, ticket_id, event_id].filter((part) => part !== '').join('/');
  return `${kind}  ${table}${place}${hour === '' ? '' : `  ${hour}`}${event === '' ? '' : `  ${event}`}: ${detail}`;
}

/** Counts by kind; of each kind and table only so many are named, unless all are asked for. */
export class Report {
  readonly #print: (line: string) => void;
  readonly #options: { readonly json: boolean; readonly limit: number };
  readonly #named = new Map<string, number>();
  readonly found = new Map<Kind, number>();
  readonly repaired = new Map<Kind, number>();

  constructor(print: (line: string) => void, options: { readonly json: boolean; readonly limit: number }) {
    [this.#print, this.#options] = [print, options];
  }

  add(findings: readonly Finding[], wasRepaired = false): void {
    for (const item of findings) {
      this.found.set(item.kind, (this.found.get(item.kind) ?? 0) + 1);
      if (wasRepaired) this.repaired.set(item.kind, (this.repaired.get(item.kind) ?? 0) + 1);
      const place = `${item.kind} ${item.table}`;
      const named = (this.#named.get(place) ?? 0) + 1;
      this.#named.set(place, named);
      if (named > this.#options.limit) continue;
      this.#print(this.#options.json ? JSON.stringify({ ...item, repaired: wasRepaired }) : `${lineOf(item)}${wasRepaired ? ' (repaired)' : ''}`);
    }
  }

  /** Places of which not all are named. */
  unnamed(): string[] {
    return [...this.#named].filter(([, count]) => count > this.#options.limit).map(([place, count]) => `${place}: ${count - this.#options.limit} more, --limit names more of them`);
  }

  get left(): number {
    return [...this.found].reduce((sum, [kind, count]) => sum + (isNote({ kind }) ? 0 : count - (this.repaired.get(kind) ?? 0)), 0);
  }
}
