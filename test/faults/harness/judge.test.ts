// The checker finds what it is there for: each violation is planted into an observation in which everything holds.
import { expect, test } from 'vitest';
import { History, identityOf, type Outcome, type Sent } from './history.ts';
import { judge, MAX_RESIDENT_MB, type Invariant, type LogEntry, type Observation, type TableRow } from './judge.ts';
import { stateOf, ticketStory } from './story.ts';

const tables = ['log.events', 'queue.timeline', 'agents.timeline'];
const factsTables = ['queue.ticket_facts', 'agents.ticket_facts'];
const story = ticketStory({ integrationId: 'acme', seed: 'judge', events: 6 });
const [first, second, third] = story as [Sent, Sent, Sent];
const stranger: Sent = { ...first, eventId: 'nobody-sent-this' };
const unusable: Sent = { ...first, eventId: 'no-use', isUnusable: true };
const poison = { partition: 0, offset: 90, mark: 'bad' };

const entryOf = (event: Sent, offset: number): LogEntry => ({ ...event, eventId: event.eventId.toLowerCase(), partition: 0, offset, bodySha256: '' });
const rowsOf = (events: readonly LogEntry[]): TableRow[] => tables.flatMap((table) => events.map((entry) => ({ ...entry, table, copies: 1 })));

function historyOf(events: readonly Sent[], outcomes: Readonly<Record<string, Outcome>> = {}): History {
  const history = new History();
  for (const [number, event] of events.entries()) {
    const outcome = outcomes[event.eventId] ?? 'ok';
    history.add({ event, sentAt: number * 10, answeredAt: number * 10 + 5, outcome, status: outcome === 'ok' ? 200 : 401, said: event.isUnusable === true ? 'quarantined' : 'accepted' });
  }
  return history;
}

/** Everything holds: six events of a ticket, one unusable event, one record that can't be read. */
function sound(): Observation & { log: LogEntry[]; rows: TableRow[] } {
  const log = story.map(entryOf);
  return {
    fates: historyOf([...story, unusable]).fates(), log, gaps: [], poison: [poison], tables, rows: rowsOf(log),
    quarantine: [
      { origin: 'http', partition: null, offset: null, integrationId: 'acme', eventId: unusable.eventId, reason: 'schema_violation', isPending: true, copies: 1 },
      { origin: 'crm.production.ticket-events', partition: 0, offset: 90, integrationId: 'acme', eventId: 'bad', reason: 'truncated', isPending: true, copies: 1 },
    ],
    refusedOnce: new Set(), factsTables, facts: factsTables.map((table) => ({ table, integrationId: 'acme', ticketId: first.ticketId, events: story.length })),
    tickets: [{ integrationId: 'acme', ticketId: first.ticketId, ...stateOf(story) }],
    samples: [1, 3, 3, 6].map((committed) => ({ group: 'queue-analytics', topic: 't', partition: 0, committed })),
    ends: [{ group: 'queue-analytics', topic: 't', partition: 0, committed: 6, end: 6 }],
    audits: [{ group: 'queue-analytics', committed: new Map([[0, 3]]), held: new Set(story.slice(0, 4).map(identityOf)) }],
    recoverySeconds: [2, 59], endedByThemselves: [], peakMb: new Map([['ingress', 120]]), rebuilt: [],
  };
}

type Plant = (seen: ReturnType<typeof sound>) => Observation;

const drop = (table: string): Plant => (seen) => ({ ...seen, rows: seen.rows.filter((row) => row.table !== table || row.eventId !== second.eventId) });
const quarantine = (change: object, index = 1): Plant => (seen) => ({ ...seen, quarantine: seen.quarantine.map((row, at) => (at === index ? { ...row, ...change } : row)) });

const planted: readonly (readonly [what: string, Invariant, Plant])[] = [
  ['an acknowledged event that the log lacks', 'I1', (seen) => ({ ...seen, log: seen.log.filter(({ eventId }) => eventId !== second.eventId) })],
  ...tables.map((table) => [`an acknowledged event that ${table} lacks`, 'I1', drop(table)] as const),
  ['an accepted event that is in quarantine too', 'I1', (seen) => ({ ...seen, quarantine: [...seen.quarantine, { origin: 'http', partition: null, offset: null, integrationId: 'acme', eventId: second.eventId, reason: 'x', isPending: true, copies: 1 }] })],
  ['a refused event in the log', 'I2', (seen) => ({ ...seen, fates: historyOf([...story, unusable], { [third.eventId]: 'fail' }).fates() })],
  ['a refused event in quarantine', 'I2', (seen) => ({ ...seen, fates: historyOf([...story, unusable], { [unusable.eventId]: 'fail' }).fates() })],
  ['a row that is there twice', 'I3', (seen) => ({ ...seen, rows: seen.rows.map((row, at) => (at === 2 ? { ...row, copies: 2 } : row)) })],
  ['facts that tell one event too many', 'I3', (seen) => ({ ...seen, facts: seen.facts.map((row) => ({ ...row, events: 7 })) })],
  ['a ticket without facts', 'I3', (seen) => ({ ...seen, facts: [] })],
  ['facts that differ when computed anew', 'I4', (seen) => ({ ...seen, rebuilt: ['queue-analytics: 1 row differs'] })],
  ['a ticket with another status', 'I5', (seen) => ({ ...seen, tickets: seen.tickets.map((row) => ({ ...row, status: 'lost' })) })],
  ['a ticket that a message is missing from', 'I5', (seen) => ({ ...seen, tickets: seen.tickets.map((row) => ({ ...row, customerMessages: row.customerMessages - 1 })) })],
  ['a later copy in place of the first', 'I5', (seen) => ({ ...seen, log: [...seen.log, entryOf(second, 60)], rows: seen.rows.map((row) => (row.eventId === second.eventId ? { ...row, offset: 60 } : row)) })],
  ['an unusable event that is nowhere', 'I6', (seen) => ({ ...seen, quarantine: seen.quarantine.slice(1) })],
  ['an unusable event that is in a table as well', 'I6', (seen) => ({ ...seen, rows: [...seen.rows, { ...entryOf(unusable, 70), table: 'log.events', copies: 1 }] })],
  ['an item that is there twice', 'I6', quarantine({ copies: 2 }, 0)],
  ['an item without a reason', 'I6', quarantine({ reason: '' }, 0)],
  ['an unreadable record that was skipped', 'I6', quarantine({ offset: 91 })],
  ['an unreadable record that is there twice', 'I6', quarantine({ copies: 2 })],
  ['a committed offset that went back', 'I7', (seen) => ({ ...seen, samples: [...seen.samples, { group: 'queue-analytics', topic: 't', partition: 0, committed: 2 }] })],
  ['a group that is not at the end', 'I7', (seen) => ({ ...seen, ends: seen.ends.map((end) => ({ ...end, committed: 5 })) })],
  ['a commit before the row', 'I7', (seen) => ({ ...seen, audits: seen.audits.map((audit) => ({ ...audit, committed: new Map([[0, 5]]) })) })],
  ['an offset that the log lacks', 'I7', (seen) => ({ ...seen, gaps: ['0:4–4'] })],
  ['a forged event that was taken', 'I8', (seen) => ({ ...seen, fates: historyOf([...story.slice(0, 5), { ...(story[5] ?? first), isForged: true }, unusable]).fates() })],
  ['an event in the log that nobody sent', 'I8', (seen) => ({ ...seen, log: [...seen.log, entryOf(stranger, 50)] })],
  ['an event in a table that nobody sent', 'I8', (seen) => ({ ...seen, rows: [...seen.rows, { ...entryOf(stranger, 50), table: 'agents.timeline', copies: 1 }] })],
  ['a recovery of more than a minute', 'I9', (seen) => ({ ...seen, recoverySeconds: [61] })],
  ['a process that ended by itself', 'I9', (seen) => ({ ...seen, endedByThemselves: ['queue-analytics (code 1)'] })],
  ['a process that took too much memory', 'I9', (seen) => ({ ...seen, peakMb: new Map([['ingress', MAX_RESIDENT_MB + 1]]) })],
  ['two events of a ticket in the wrong order', 'I10', (seen) => ({ ...seen, log: seen.log.map((entry) => (entry.eventId === second.eventId ? { ...entry, offset: 2 } : entry.eventId === third.eventId ? { ...entry, offset: 1 } : entry)).toSorted((a, b) => a.offset - b.offset) })],
];

test('nothing is wrong where everything holds', () => {
  expect(judge(sound())).toStrictEqual([]);
});

test.for(planted)('%s is found', ([, invariant, plant]) => {
  expect(judge(plant(sound())).map((violation) => violation.invariant)).toContain(invariant);
});

test('a violation names its events', () => {
  expect(judge(drop('queue.timeline')(sound()))).toContainEqual({ invariant: 'I1', what: 'acknowledged and not in queue.timeline', count: 1, eventIds: [identityOf(second)] });
});

test('an event whose fate is unknown may be there or not', () => {
  for (const keep of [true, false]) {
    const seen = sound();
    const is = (eventId: string): boolean => keep || eventId !== second.eventId;
    const events = keep ? story.length : story.length - 1;
    expect(judge({
      ...seen, fates: historyOf([...story, unusable], { [second.eventId]: 'unknown' }).fates(), log: seen.log.filter(({ eventId }) => is(eventId)),
      rows: seen.rows.filter(({ eventId }) => is(eventId)), facts: seen.facts.map((row) => ({ ...row, events })),
    })).toStrictEqual([]);
  }
});

test('of events that were on their way at once either may be first in the log', () => {
  const seen = sound();
  const history = new History();
  for (const event of story) history.add({ event, sentAt: 0, answeredAt: 5, outcome: 'ok', status: 200, said: 'accepted' });
  history.add({ event: unusable, sentAt: 0, answeredAt: 5, outcome: 'ok', status: 200, said: 'quarantined' });
  expect(judge({ ...seen, fates: history.fates(), log: seen.log.toReversed().map((entry, offset) => ({ ...entry, offset })), rows: rowsOf(seen.log.toReversed().map((entry, offset) => ({ ...entry, offset }))), audits: [] })).toStrictEqual([]);
});

test('an attempt that failed and one that was taken make an event that must be kept', () => {
  const history = new History();
  for (const outcome of ['unknown', 'fail', 'ok', 'unknown'] as const) history.add({ event: first, sentAt: 0, answeredAt: 1, outcome, status: 0, said: '' });
  expect(history.fates().get(identityOf(first))).toMatchObject({ outcome: 'ok', attempts: 4 });
});
