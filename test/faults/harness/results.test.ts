// The page keeps the rows of faults that were not run again.
import { expect, test } from 'vitest';
import { faults, notRun } from './cases.ts';
import { defineFault } from './fault.ts';
import { pageWith, rowsIn } from './results.ts';
import type { Result } from './run.ts';

const versions = { command: 'npm run test:faults -- F2', commit: 'abc1234', startedAt: new Date(0), node: 'v20', clickhouse: '26', kafka: '4', machine: '2 × CPU' };

const resultOf = (id: string, lost = 0): Result => ({
  fault: defineFault({ id, title: `${id} | happens`, times: { small: 1, full: 2 }, inject: () => Promise.resolve() }),
  options: { seed: 7, times: 2, size: 'full' }, injections: 2, events: 10, acknowledged: 9, requests: { ok: 9, fail: 0, unknown: 1 },
  lost, duplicated: 0, copiesInLog: 1, recoverySeconds: [3, 1, 2], seconds: 5, notes: [],
  violations: lost === 0 ? [] : [{ invariant: 'I1', what: 'acknowledged and not in the log', count: lost, eventIds: [] }],
});

test('a run of one fault replaces its row and keeps the others, in the order of their numbers', () => {
  const before = pageWith('', [resultOf('F10'), resultOf('F2'), resultOf('F2b')], versions);
  const after = rowsIn(pageWith(before, [resultOf('F2', 3)], { ...versions, commit: 'def5678' }));
  expect([...after.keys()]).toStrictEqual(['F2', 'F2b', 'F10']);
  expect(after.get('F2')).toMatchObject({ lost: '3', holds: 'NO: I1', 'seconds to recover': '2.0 / 3.0', 'when, of which commit': '1970-01-01 00:00, def5678', 'what happens': 'F2 | happens' });
  expect(after.get('F10')).toMatchObject({ lost: '0', holds: 'yes', 'when, of which commit': '1970-01-01 00:00, abc1234' });
});

test('the page names every case, also those that it has no row of', () => {
  const page = pageWith('', [resultOf('F2')], versions);
  const [, lacking = ''] = page.split('though there is a case: ');
  expect(faults.map(({ id }) => id).filter((id) => lacking.includes(`${id} (`) === rowsIn(page).has(id))).toStrictEqual([]);
  expect(pageWith('', faults.map(({ id }) => resultOf(id)), versions)).not.toContain('though there is a case');
});

/** Faults of the plan, which has no F15. */
const planned = Array.from({ length: 34 }, (_, index) => `F${index + 1}`).filter((id) => id !== 'F15');

test('every fault of the plan is run, or it is said why not; each has a name of its own', () => {
  const run = new Set(faults.map(({ id }) => id.replace(/[a-z]$/, '')));
  expect(planned.filter((id) => run.has(id) === (notRun[id] !== undefined))).toStrictEqual([]);
  expect(new Set(faults.map(({ id }) => id)).size).toBe(faults.length);
});

test('a dozen and more of them run in npm test', () => {
  expect(faults.filter(({ times }) => times.small > 0).length).toBeGreaterThanOrEqual(12);
});
