// Judges what was observed by the invariants of the design, and names each violation with its event ids. A pure function: what
// it can find is tested by planting each violation.
import { identityOf, type Fate, type Sent } from './history.ts';
import { stateOf, type TicketState } from './story.ts';

export const invariants = {
  I1: 'what got a 2xx is in the log, and in ClickHouse or in quarantine, exactly one of them',
  I2: 'what got only 4xx is not in the log',
  I3: 'each event is once in every table, and the facts tell each once',
  I4: 'the facts computed anew are the facts that are there',
  I5: 'a ticket is as its events leave it, in their own order, and of two bodies the first counts',
  I6: 'each unusable event or record is in quarantine once, with its reason',
  I7: 'committed offsets go forwards only, end where the log does, and never pass what was written',
  I8: 'nothing unsigned gets in, and nothing that nobody sent',
  I9: 'it recovers within 60 s without a hand, no process ends by itself, and memory is bounded',
  I10: 'a ticket lies in the log in the order of its acknowledgements',
} as const;

export type Invariant = keyof typeof invariants;

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
  /** How many events, tickets or places it concerns. */
  readonly count: number;
  /** The first of them. */
  readonly eventIds: readonly string[];
}

/** A record as it lies in a topic. */
export interface LogEntry {
  readonly partition: number;
  readonly offset: number;
  readonly integrationId: string;
  readonly ticketId: string;
  readonly eventId: string;
  readonly bodySha256: string;
}

/** A record that can't be read, as its producer noted it. */
export interface PoisonEntry {
  readonly partition: number;
  readonly offset: number;
  readonly mark: string;
}

/** A row of a table that holds events. */
export interface TableRow {
  readonly table: string;
  readonly integrationId: string;
  readonly ticketId: string;
  readonly eventId: string;
  readonly copies: number;
  /** Offset of the record that the row is made of, and its partition. */
  readonly partition: number;
  readonly offset: number;
}

export interface QuarantineRow {
  readonly origin: string;
  readonly partition: number | null;
  readonly offset: number | null;
  readonly integrationId: string;
  readonly eventId: string;
  readonly reason: string;
  /** Not replayed or given up yet. */
  readonly isPending: boolean;
  readonly copies: number;
}

export interface FactsRow {
  readonly integrationId: string;
  readonly ticketId: string;
  readonly table: string;
  /** Events that the facts tell. */
  readonly events: number;
}

export interface TicketRow extends TicketState {
  readonly integrationId: string;
  readonly ticketId: string;
}

/** What one look at the committed offsets of a group showed. */
export interface CommitSample {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
}

/** A look at one group from within a fault: what was committed, and what was in its table after that was read. */
export interface CommitAudit {
  readonly group: string;
  readonly committed: ReadonlyMap<number, number>;
  /** Identities in the group's table. */
  readonly held: ReadonlySet<string>;
}

export interface Observation {
  readonly fates: ReadonlyMap<string, Fate>;
  readonly log: readonly LogEntry[];
  /** Offsets that a topic lacks between its first and its end, by partition. */
  readonly gaps: readonly string[];
  readonly poison: readonly PoisonEntry[];
  /** Names of the tables that hold every event. */
  readonly tables: readonly string[];
  readonly rows: readonly TableRow[];
  readonly quarantine: readonly QuarantineRow[];
  /** Integration and event of what a table refused once: its row there is made of a replay, and so of a later record. */
  readonly refusedOnce: ReadonlySet<string>;
  readonly factsTables: readonly string[];
  readonly facts: readonly FactsRow[];
  readonly tickets: readonly TicketRow[];
  readonly samples: readonly CommitSample[];
  /** Where the log ended and what was committed, when all was quiet. */
  readonly ends: readonly { readonly group: string; readonly topic: string; readonly partition: number; readonly committed: number; readonly end: number }[];
  readonly audits: readonly CommitAudit[];
  readonly recoverySeconds: readonly number[];
  readonly endedByThemselves: readonly string[];
  readonly peakMb: ReadonlyMap<string, number>;
  /** What was computed anew and differs, by table. */
  readonly rebuilt: readonly string[];
}

export const RECOVERY_SECONDS = 60;
export const MAX_RESIDENT_MB = 768;
const NAMED = 5;

type Found = Violation[];

export function judge(seen: Observation): Violation[] {
  return [acknowledged, refused, once, rebuilt, states, quarantined, offsets, unsigned, recovery, order].flatMap((rule) => rule(seen));
}

/** How many, and the first of them; what has no ids counts once. */
export const namedFew = (ids: Iterable<string>): Pick<Violation, 'count' | 'eventIds'> => {
  const all = [...ids];
  return { count: Math.max(1, all.length), eventIds: all.slice(0, NAMED) };
};

const violation = (invariant: Invariant, what: string, ids: Iterable<string> = []): Found => {
  const all = [...ids];
  return all.length === 0 ? [] : [{ invariant, what, ...namedFew(all) }];
};

const fact = (invariant: Invariant, what: string, isBroken: boolean): Found => (isBroken ? [{ invariant, what, count: 1, eventIds: [] }] : []);

const idsOf = (entries: readonly Pick<Sent, 'integrationId' | 'ticketId' | 'eventId'>[]): Set<string> => new Set(entries.map(identityOf));

/** Quarantined rows carry no ticket that could be trusted. */
const bare = ({ integrationId, eventId }: Pick<Sent, 'integrationId' | 'eventId'>): string => `${integrationId}/${eventId.toLowerCase()}`;

function acknowledged({ fates, log, tables, rows, quarantine }: Observation): Found {
  const inLog = idsOf(log);
  const kept = [...fates].filter(([, fate]) => fate.outcome === 'ok' && !fate.isQuarantined);
  const inQuarantine = new Set(quarantine.filter(({ isPending }) => isPending).map(bare));
  const expected = kept.map(([id]) => id);
  return [
    ...violation('I1', 'acknowledged and not in the log', expected.filter((id) => !inLog.has(id))),
    ...tables.flatMap((table) => {
      const held = idsOf(rows.filter((row) => row.table === table));
      return violation('I1', `acknowledged and not in ${table}`, expected.filter((id) => !held.has(id)));
    }),
    ...violation('I1', 'acknowledged as accepted and in quarantine too', kept.filter(([, { event }]) => inQuarantine.has(bare(event))).map(([id]) => id)),
  ];
}

function refused({ fates, log, rows, quarantine }: Observation): Found {
  const anywhere = new Set([...idsOf(log), ...idsOf(rows)]);
  const inQuarantine = new Set(quarantine.map(bare));
  const failed = [...fates].filter(([, { outcome }]) => outcome === 'fail');
  return violation('I2', 'refused and kept all the same', failed.filter(([id, { event }]) => anywhere.has(id) || inQuarantine.has(bare(event))).map(([id]) => id));
}

function once({ tables, rows, factsTables, facts }: Observation): Found {
  const ofTicket = (row: Pick<Sent, 'integrationId' | 'ticketId'>): string => `${row.integrationId}/${row.ticketId}`;
  return [
    ...tables.flatMap((table) => violation('I3', `more than once in ${table}`, rows.filter((row) => row.table === table && row.copies !== 1).map(identityOf))),
    ...factsTables.flatMap((table) => {
      const told = new Map(facts.filter((row) => row.table === table).map((row) => [ofTicket(row), row.events]));
      const [database = ''] = table.split('.');
      const events = new Map<string, number>();
      for (const row of rows.filter((candidate) => candidate.table.startsWith(`${database}.`))) events.set(ofTicket(row), (events.get(ofTicket(row)) ?? 0) + 1);
      return violation('I3', `tickets of which ${table} does not tell each event once`, [...events].filter(([ticket, count]) => told.get(ticket) !== count).map(([ticket, count]) => `${ticket}: ${told.get(ticket) ?? 0} of ${count}`));
    }),
  ];
}

const rebuilt = (seen: Observation): Found => violation('I4', 'facts that differ when computed anew', seen.rebuilt);

function states({ fates, rows, log, tables, tickets, refusedOnce }: Observation): Found {
  const byTicket = new Map<string, Fate[]>();
  for (const fate of fates.values()) {
    const ticket = `${fate.event.integrationId}/${fate.event.ticketId}`;
    byTicket.set(ticket, [...(byTicket.get(ticket) ?? []), fate]);
  }
  const shown = new Map(tickets.map((row) => [`${row.integrationId}/${row.ticketId}`, row]));
  const wrong = [...byTicket].flatMap(([ticket, all]) => {
    const told = all.filter(({ outcome, isQuarantined }) => outcome === 'ok' && !isQuarantined).map(({ event }) => event);
    // One whose fate nobody knows leaves the ticket's state open.
    if (told.length === 0 || all.some(({ outcome }) => outcome === 'unknown') || told.some(({ effect }) => effect === undefined)) return [];
    const [expected, row] = [stateOf(told), shown.get(ticket)];
    const differing = (Object.keys(expected) as (keyof TicketState)[]).filter((name) => row?.[name] !== expected[name]);
    return differing.map((name) => `${ticket}: ${name} is ${row?.[name] ?? 'missing'}, not ${expected[name]}`);
  });
  const first = new Map<string, LogEntry>();
  for (const entry of log) if (!first.has(identityOf(entry))) first.set(identityOf(entry), entry);
  const later = tables.flatMap((table) => rows.filter((row) => {
    const entry = first.get(identityOf(row));
    return row.table === table && !refusedOnce.has(bare(row)) && entry?.partition === row.partition && row.offset > entry.offset;
  }).map((row) => `${identityOf(row)} in ${table}`));
  return [...violation('I5', 'tickets that are not as their events leave them', wrong), ...violation('I5', 'a later copy stands in place of the first', later)];
}

function quarantined({ fates, quarantine, poison, rows }: Observation): Found {
  const http = quarantine.filter(({ origin }) => origin === 'http');
  const unusable = [...fates.values()].filter(({ outcome, isQuarantined }) => outcome === 'ok' && isQuarantined);
  const kept = new Set(http.map(bare));
  const inTables = new Set(rows.map(bare));
  const places = new Map<string, number>();
  for (const { origin, partition, offset, copies } of quarantine) if (origin !== 'http') places.set(`${partition ?? ''}:${offset ?? ''}`, (places.get(`${partition ?? ''}:${offset ?? ''}`) ?? 0) + copies);
  const named = (entry: PoisonEntry): string => `${entry.mark} at ${entry.partition}:${entry.offset}`;
  return [
    ...violation('I6', 'answered quarantined and not there', unusable.filter(({ event }) => !kept.has(bare(event))).map(({ event }) => bare(event))),
    ...violation('I6', 'in quarantine and in a table', unusable.filter(({ event }) => inTables.has(bare(event))).map(({ event }) => bare(event))),
    ...violation('I6', 'in quarantine more than once', quarantine.filter(({ copies }) => copies !== 1).map(bare)),
    ...violation('I6', 'in quarantine without a reason', quarantine.filter(({ reason }) => reason === '').map(bare)),
    ...violation('I6', 'unreadable records that are not in quarantine', poison.filter(({ partition, offset }) => !places.has(`${partition}:${offset}`)).map(named)),
    ...violation('I6', 'unreadable records that are there more than once', poison.filter(({ partition, offset }) => (places.get(`${partition}:${offset}`) ?? 0) > 1).map(named)),
  ];
}

function offsets({ samples, ends, audits, log, gaps }: Observation): Found {
  const last = new Map<string, number>();
  const backwards = samples.flatMap(({ group, topic, partition, committed }) => {
    const place = `${group} ${topic}/${partition}`;
    const before = last.get(place) ?? -1;
    last.set(place, committed);
    return committed < before ? [`${place}: ${before} → ${committed}`] : [];
  });
  const behind = ends.filter(({ committed, end }) => committed !== end).map(({ group, topic, partition, committed, end }) => `${group} ${topic}/${partition}: ${committed} of ${end}`);
  const unwritten = audits.flatMap(({ group, committed, held }) =>
    log.filter((entry) => entry.offset < (committed.get(entry.partition) ?? 0) && !held.has(identityOf(entry))).map((entry) => `${identityOf(entry)} by ${group}`));
  return [
    ...violation('I7', 'offsets that went back', backwards),
    ...violation('I7', 'groups that do not end where the log does', behind),
    ...violation('I7', 'committed before it was written', unwritten),
    ...violation('I7', 'offsets that are not in the log', gaps),
  ];
}

function unsigned({ fates, log, rows }: Observation): Found {
  const forged = [...fates].filter(([, { event }]) => event.isForged === true);
  const strangers = [...new Set([...idsOf(log), ...idsOf(rows)])].filter((id) => !fates.has(id));
  return [
    ...violation('I8', 'not signed and accepted', forged.filter(([, { outcome }]) => outcome === 'ok').map(([id]) => id)),
    ...violation('I8', 'in the log or a table and sent by nobody', strangers),
  ];
}

function recovery({ recoverySeconds, endedByThemselves, peakMb }: Observation): Found {
  const slow = recoverySeconds.filter((seconds) => seconds > RECOVERY_SECONDS);
  return [
    ...fact('I9', `recovery took ${slow.map((seconds) => seconds.toFixed(1)).join(', ')} s`, slow.length > 0),
    ...endedByThemselves.map((ended) => ({ invariant: 'I9' as const, what: `${ended} ended by itself`, count: 1, eventIds: [] })),
    ...[...peakMb].filter(([, mb]) => mb > MAX_RESIDENT_MB).map(([name, mb]) => ({ invariant: 'I9' as const, what: `${name} took ${Math.round(mb)} MB`, count: 1, eventIds: [] })),
  ];
}

/** Of events that were on their way at once nobody can say which was first. */
function order({ fates, log }: Observation): Found {
  const place = new Map<string, LogEntry>();
  for (const entry of log) if (!place.has(identityOf(entry))) place.set(identityOf(entry), entry);
  const acked = [...fates].flatMap(([id, { event, sentAt, ackedAt, isQuarantined }]) => {
    const entry = place.get(id);
    return ackedAt === null || isQuarantined || entry === undefined ? [] : [{ id, ticket: `${event.integrationId}/${event.ticketId}`, sentAt, ackedAt, entry }];
  }).toSorted((a, b) => a.ackedAt - b.ackedAt);
  const last = new Map<string, (typeof acked)[number]>();
  const swapped = acked.filter((event) => {
    const before = last.get(event.ticket);
    last.set(event.ticket, event);
    return before !== undefined && before.ackedAt <= event.sentAt && before.entry.partition === event.entry.partition && before.entry.offset > event.entry.offset;
  });
  return violation('I10', 'lies in the log before what was acknowledged earlier', swapped.map(({ id }) => id));
}
