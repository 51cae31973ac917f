import { expect, test } from 'vitest';
import { compareIncident, type Computed } from './compare.ts';
import { readIncidentLog, type Incident } from './incident-log.ts';

const incidentOf = (...rows: string[]): Incident => {
  const [incident] = readIncidentLog(['number,incident_state,reassignment_count,reopen_count,made_sla,opened_at,sys_updated_at,assignment_group,resolved_at,closed_at', ...rows].join('\n')).incidents;
  expect.assert(incident);
  return incident;
};
const at = (day: number, hour: number, minute = 0): number => Date.UTC(2016, 2, day, hour, minute);
const computed: Computed = { queueChanges: 0, reopens: 0, lastSolvedAt: at(1, 12), closedAt: at(5, 12), fullResolutionSeconds: 7_200, escalations: 0 };
const differences = (incident: Incident, ours: Computed | undefined): string[] =>
  compareIncident(incident, ours).filter((item) => !item.agrees).map(({ measure, ours: mine, log, reason }) => `${measure}: ${mine}, ${log}: ${reason}`);

const calm = (resolvedAt: string, closedAt: string): Incident => incidentOf(
  `INC1,New,0,0,TRUE,1-3-2016 10:00,1-3-2016 10:01,Group 1,${resolvedAt},${closedAt}`,
  `INC1,Resolved,0,0,TRUE,1-3-2016 10:00,1-3-2016 12:00,Group 1,${resolvedAt},${closedAt}`,
  `INC1,Resolved,0,0,TRUE,1-3-2016 10:00,1-3-2016 13:00,Group 1,${resolvedAt},${closedAt}`,
  `INC1,Closed,0,0,TRUE,1-3-2016 10:00,5-3-2016 12:00,Group 1,${resolvedAt},${closedAt}`,
);

test('agreement is per measure and to the minute', () => {
  expect(differences(calm('1-3-2016 12:00', '5-3-2016 12:00'), { ...computed, lastSolvedAt: at(1, 12) + 3, fullResolutionSeconds: 7_200 })).toStrictEqual([]);
});

test('a time that the log sets again while resolved is told as such', () => {
  expect(differences(calm('1-3-2016 13:00', '5-3-2016 12:00'), computed)).toStrictEqual([
    'resolved at: 2016-03-01 12:00, 2016-03-01 13:00: the log sets its time again at a later update in the same state',
    'resolution time: 2.00, 3.00: the log sets its time again at a later update in the same state',
  ]);
});

test('a time between two rows, a time of no row and a missing time each have their reason', () => {
  const reason = (resolvedAt: string): string => differences(calm(resolvedAt, '5-3-2016 12:00'), computed)[0]?.split(': ').at(-1) ?? '';
  expect(reason('1-3-2016 11:30')).toBe('the log was updated later than it happened');
  expect(reason('9-3-2016 11:30')).toBe('the log names a time that none of its rows has');
  expect(reason('?')).toBe('the log names no resolved_at');
});

test('a counter that moves without its change is named', () => {
  const incident = incidentOf(
    'INC2,New,0,0,TRUE,1-3-2016 10:00,1-3-2016 10:01,Group 1,?,?',
    'INC2,New,1,1,TRUE,1-3-2016 10:00,1-3-2016 11:00,Group 1,?,?',
  );
  const ours: Computed = { ...computed, lastSolvedAt: null, closedAt: null, fullResolutionSeconds: null };
  const why = "the log's counter moves without a change in its rows, or the other way round";
  expect(differences(incident, ours)).toStrictEqual([`reassignments: 0, 1: ${why}`, `reopens: 0, 1: ${why}`]);
  expect(compareIncident(incident, ours)[0]?.detail ?? '').toMatch(/^line 3: counter \+1, no change in the row$/);
});

test('what the rows do not explain is said to be unexplained', () => {
  const wrong = differences(calm('1-3-2016 12:00', '5-3-2016 12:00'), { ...computed, queueChanges: 2, lastSolvedAt: at(1, 11) });
  expect(wrong.length >= 2 && wrong.slice(0, 2).every((line) => line.includes('NOT EXPLAINED by the rows')), wrong.join('\n')).toBe(true);
  expect(differences(calm('1-3-2016 12:00', '5-3-2016 12:00'), undefined).every((line) => line.includes('NOT EXPLAINED'))).toBe(true);
});
