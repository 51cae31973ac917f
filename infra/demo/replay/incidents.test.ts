import fc from 'fast-check';
import { expect, test } from 'vitest';
import { iso, type CrmEvent } from '../events.ts';
import { parseLogTime, readIncidentLog, type Incident } from './incident-log.ts';
import { incidentEvents, replayEvents, rowTimes } from './incidents.ts';

const header = 'number,incident_state,reassignment_count,reopen_count,made_sla,caller_id,opened_at,sys_updated_by,sys_updated_at,contact_type,location,priority,assignment_group,assigned_to,resolved_at,closed_at';
const incidentOf = (...rows: string[]): Incident => {
  const [incident] = readIncidentLog([header, ...rows].join('\n')).incidents;
  expect.assert(incident);
  return incident;
};
const short = (events: readonly CrmEvent[]): string[] =>
  events.map(({ eventType, at, payload }) => {
    const assignee = payload['assignee'] as { group_id?: string; agent_id?: string } | undefined;
    const what = payload['new_status'] ?? payload['status'] ?? payload['breached_metric'] ?? `${assignee?.group_id ?? ''}/${assignee?.agent_id ?? ''}`;
    return `${iso(at).slice(8, 23)} ${eventType} ${what as string}`;
  });

const usual = incidentOf(
  'INC1,New,0,0,TRUE,Caller 5,29-02-2016 01:16,Updated by 1,29-02-2016 01:23,Phone,Location 1,2 - High,Group 1,?,02-03-2016 09:10,07-03-2016 10:00',
  'INC1,Active,1,0,TRUE,Caller 5,29-02-2016 01:16,Updated by 2,29-02-2016 01:23,Phone,Location 1,2 - High,Group 2,Resolver 7,02-03-2016 09:10,07-03-2016 10:00',
  'INC1,Active,1,0,TRUE,Caller 5,29-02-2016 01:16,Updated by 2,29-02-2016 03:00,Phone,Location 1,2 - High,Group 2,Resolver 7,02-03-2016 09:10,07-03-2016 10:00',
  'INC1,Resolved,2,0,FALSE,Caller 5,29-02-2016 01:16,Updated by 2,01-03-2016 08:00,Phone,Location 1,2 - High,?,Resolver 7,02-03-2016 09:10,07-03-2016 10:00',
  'INC1,Active,2,1,FALSE,Caller 5,29-02-2016 01:16,Updated by 2,01-03-2016 09:00,Phone,Location 1,2 - High,?,Resolver 7,02-03-2016 09:10,07-03-2016 10:00',
  'INC1,Resolved,3,1,FALSE,Caller 5,29-02-2016 01:16,Updated by 2,02-03-2016 09:10,Phone,Location 1,2 - High,Group 1,?,02-03-2016 09:10,07-03-2016 10:00',
  'INC1,Closed,3,1,FALSE,Caller 5,29-02-2016 01:16,Updated by 9,07-03-2016 10:00,Phone,Location 1,2 - High,Group 1,?,02-03-2016 09:10,07-03-2016 10:00',
);

test('each change of a row becomes its event, at the time of the row', () => {
  expect(short(incidentEvents(usual))).toStrictEqual([
    '29T01:16:00.000 ticket.created New',
    '29T01:16:00.000 agent.assigned Group 1/',
    '29T01:23:00.000 agent.assigned Group 2/Resolver 7',
    '29T01:23:00.000 status.changed Active',
    '01T08:00:00.000 agent.assigned /Resolver 7',
    '01T08:00:00.000 status.changed Resolved',
    '01T08:00:00.000 escalation.fired resolution_time',
    '01T09:00:00.000 status.changed Active',
    '02T09:10:00.000 agent.assigned Group 1/',
    '02T09:10:00.000 status.changed Resolved',
    '07T10:00:00.000 status.changed Closed',
  ]);
});

test("folding the events gives the log's own counts and times", () => {
  const events = incidentEvents(usual);
  const groups = events.filter(({ eventType }) => eventType === 'agent.assigned')
    .map(({ payload }) => (payload['assignee'] as { group_id?: string }).group_id);
  const changed = groups.filter((group, index) => index > 0 && group !== groups[index - 1]).length;
  const finished = (status: unknown): boolean => status === 'Resolved' || status === 'Closed';
  const statuses = events.filter(({ eventType }) => eventType === 'status.changed');
  const reopened = statuses.filter(({ payload }) => finished(payload['previous_status']) && !finished(payload['new_status'])).length;
  const solved = statuses.filter(({ payload }) => !finished(payload['previous_status']) && finished(payload['new_status'])).at(-1)?.at;
  const last = usual.rows.at(-1);
  expect([changed, reopened, solved, statuses.at(-1)?.at]).toStrictEqual([last?.reassignments, last?.reopens, usual.resolvedAt, usual.closedAt]);
});

test('the same row has the same event ids in every replay', () => {
  expect(incidentEvents(usual)).toStrictEqual(incidentEvents(usual));
  const ids = incidentEvents(usual).map((event) => event.eventId);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a first row that is already resolved is a status of creation, not a solve', () => {
  const incident = incidentOf(
    'INC2,Resolved,0,0,TRUE,?,29-02-2016 08:56,Updated by 908,29-02-2016 08:56,Phone,?,3 - Moderate,Group 70,?,?,05-03-2016 10:00',
    'INC2,Closed,0,0,TRUE,?,29-02-2016 08:56,Updated by 908,05-03-2016 10:00,Phone,?,3 - Moderate,Group 70,?,?,05-03-2016 10:00',
  );
  expect(short(incidentEvents(incident))).toStrictEqual([
    '29T08:56:00.000 ticket.created Resolved',
    '29T08:56:00.000 agent.assigned Group 70/',
    '05T10:00:00.000 status.changed Closed',
  ]);
  expect(incident.resolvedAt).toBeNull();
});

const timed = (openedAt: string, ...updates: string[]): string[] =>
  rowTimes(incidentOf(...updates.map((update) => `INC3,New,0,0,TRUE,Caller 1,${openedAt},?,${update},Phone,?,?,Group 1,?,?,?`)))
    .map(({ at, moved }) => `${moved ? 'moved to ' : ''}${iso(at).slice(8, 23)}`);

test("a row outside the log's order takes the time of the row before it, and the others keep theirs", () => {
  expect(timed('29-02-2016 09:00', '29-02-2016 09:05', '29-02-2016 11:10', '29-02-2016 09:52', '29-02-2016 11:03')).toStrictEqual(['29T09:00:00.000', 'moved to 29T09:00:00.001', '29T09:52:00.000', '29T11:03:00.000']);
  expect(timed('29-02-2016 09:41', '?', '29-02-2016 09:41', 'soon', '29-02-2016 10:00')).toStrictEqual(['29T09:41:00.000', '29T09:41:00.001', 'moved to 29T09:41:00.002', '29T10:00:00.000']);
});

test("the first row happens at the opening, whatever its own time of update says", () => {
  expect(timed('29-02-2016 09:48', '29-02-2016 11:10', '29-02-2016 09:52')).toStrictEqual(['29T09:48:00.000', '29T09:52:00.000']);
  expect(timed('29-02-2016 09:41', '29-02-2016 07:27', '29-02-2016 09:59')).toStrictEqual(['29T09:41:00.000', '29T09:59:00.000']);
});

test('an update from before the opening happens right after it', () => {
  expect(timed('29-02-2016 08:00', '29-02-2016 06:00', '29-02-2016 07:00', '29-02-2016 07:30', '29-02-2016 09:00')).toStrictEqual(['29T08:00:00.000', 'moved to 29T08:00:00.001', 'moved to 29T08:00:00.002', '29T09:00:00.000']);
});

const anyRow = fc.record({
  state: fc.constantFrom('New', 'Active', 'Awaiting User Info', 'Awaiting Vendor', 'Resolved', 'Closed', '-100', '?'),
  group: fc.constantFrom('Group 1', 'Group 2', '?'),
  agent: fc.constantFrom('Resolver 1', '?'),
  minute: fc.option(fc.integer({ min: -3, max: 9 })),
});

test('whatever the rows look like, the order of the events is theirs, and so are the changes', () => {
  fc.assert(fc.property(fc.array(anyRow, { minLength: 1, maxLength: 12 }), (rows) => {
    const time = (minute: number | null): string => (minute === null ? '?' : `29-02-2016 10:${String(10 + minute).padStart(2, '0')}`);
    const incident = incidentOf(...rows.map(({ state, group, agent, minute }) =>
      `INC6,${state},0,0,TRUE,Caller 1,29-02-2016 10:10,?,${time(minute)},Phone,?,?,${group},${agent},?,?`));
    const events = incidentEvents(incident);
    const [groups, states]: [(string | null)[], string[]] = [[], []];
    let [group, state]: [string | null, string | null] = [null, null];
    for (const row of incident.rows) {
      if (row.group !== group && row !== incident.rows[0]) groups.push(row.group);
      if (row.state !== null && row.state !== state && row !== incident.rows[0]) states.push(row.state);
      [group, state] = [row.group, row.state ?? state];
    }
    const named = events.filter(({ eventType }) => eventType === 'agent.assigned')
      .map(({ at, payload }) => ({ at, group: (payload['assignee'] as { group_id?: string }).group_id ?? null }));
    const before = named.filter(({ at }) => at === incident.openedAt).at(-1)?.group ?? null;
    const changed = named.filter(({ at }) => at > incident.openedAt).map((item) => item.group);
    expect(changed.filter((name, index) => name !== (index === 0 ? before : changed[index - 1]))).toStrictEqual(groups);
    expect(events.filter(({ eventType }) => eventType === 'status.changed').map(({ payload }) => payload['new_status'])).toStrictEqual(states);
    expect(events[0]?.eventType).toBe('ticket.created');
  }));
});

test('times are read in the spellings that such logs use, and nothing else', () => {
  const expected = Date.UTC(2016, 1, 29, 1, 6);
  for (const text of ['29-02-2016 01:06', '29/2/2016 1:06', '29.02.2016 01:06:00', '2016-02-29 01:06', '2016-02-29T01:06']) expect(parseLogTime(text), text).toBe(expected);
  for (const text of ['?', '', '31-02-2016 10:00', '29-13-2016 10:00', '29-02-2016 25:00', 'yesterday']) expect(parseLogTime(text), text).toBeNull();
});

test('rows of an incident may be apart, and what cannot be read is listed', () => {
  const log = readIncidentLog([
    `\uFEFF${header}`,
    'INC4,New,0,0,true,Caller 1,1/3/2016 10:00,?,1/3/2016 10:01,Phone,?,?,Group 1,?,?,?',
    'INC5,New,0,0,true,Caller 1,?,?,?,Phone,?,?,Group 1,?,?,?',
    '?,New,0,0,true,Caller 1,1/3/2016 10:00,?,1/3/2016 10:01,Phone,?,?,Group 1,?,?,?',
    'INC4,-100,0,0,false,Caller 1,1/3/2016 10:00,?,1/3/2016 10:05,Phone,?,?,Group 1,?,?,?',
  ].join('\r\n'));
  expect(log.skipped).toStrictEqual(['line 4: no incident number', 'line 3: no row of INC5 has a readable time']);
  expect(short(replayEvents(log.incidents))).toStrictEqual([
    '01T10:00:00.000 ticket.created New', '01T10:00:00.000 agent.assigned Group 1/',
    '01T10:05:00.000 status.changed -100', '01T10:05:00.000 escalation.fired resolution_time',
  ]);
  expect(() => readIncidentLog('a,b\n1,2\n')).toThrow(/no column number/);
});
