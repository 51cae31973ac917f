// Erlang C in SQL against the published golden value, against a textbook computation by
// logarithms, and at its edges.
import { afterAll, expect, test } from 'vitest';
import { closeClients, query } from '../system/support.ts';
import { answeredWithin, erlangC } from '../oracle/erlang.ts';

afterAll(closeClients);

async function value(expression: string): Promise<number> {
  const [row] = await query<{ value: number }>(`SELECT ${expression} AS value`);
  return Number(row?.value);
}

const close = (actual: number, expected: number): void => {
  expect(Math.abs(actual - expected), `${actual} is not ${expected}`).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
};

test('100 contacts in 30 minutes of 180 s each wait with 14 agents in 17.4 of 100 cases, and 88.8 are answered within 20 s', async () => {
  expect((await value('erlang_c(100, 1800, 180, 14)')).toFixed(7)).toBe('0.1741319');
  expect((await value('erlang_service_level(100, 1800, 180, 14, 20)')).toFixed(5)).toBe('0.88835');
});

test('any load and number of agents gives what the textbook formula gives, up to thousands of agents', async () => {
  for (const [arrivals, agents] of [[1, 1], [1, 5], [10, 2], [100, 11], [1900, 200], [1999, 200], [500, 200], [30_000, 3_050]] as const) {
    const load = arrivals / 10;
    close(await value(`erlang_c(${arrivals}, 1800, 180, ${agents})`), erlangC(load, agents));
    close(await value(`erlang_service_level(${arrivals}, 1800, 180, ${agents}, 20)`), answeredWithin(load, agents, 20 / 180));
  }
});

test('without arrivals nobody waits and nobody is needed', async () => {
  expect(await value('erlang_c(0, 1800, 180, 0)')).toBe(0);
  expect(await value('erlang_c(0, 1800, 180, 5)')).toBe(0);
  expect(await value('erlang_service_level(0, 1800, 180, 0, 20)')).toBe(1);
  expect(await value('agents_for_service_level(0, 1800, 180, 20, 0.8)')).toBe(0);
});

test('with as much load as agents everybody waits, and nobody is answered in time', async () => {
  for (const agents of [0, 9, 10]) {
    expect(await value(`erlang_c(100, 1800, 180, ${agents})`)).toBe(1);
    expect(await value(`erlang_service_level(100, 1800, 180, ${agents}, 20)`)).toBe(0);
  }
});

test('the agents for a target are the fewest that reach it', async () => {
  const rows = await query<{ arrivals: number; target: number; agents: number }>(`
    SELECT arrayJoin([0.01, 1, 7, 40, 100, 333, 1000, 20000]) AS arrivals, arrayJoin([0.5, 0.8, 0.95, 0.999]) AS target,
           agents_for_service_level(arrivals, 1800, 180, 20, target) AS agents`);
  for (const { arrivals, target, agents } of rows) {
    const load = arrivals / 10;
    expect(answeredWithin(load, agents, 20 / 180), `${agents} agents are too few for ${arrivals} and ${target}`).toBeGreaterThanOrEqual(target);
    expect(answeredWithin(load, agents - 1, 20 / 180), `${agents} agents are too many for ${arrivals} and ${target}`).toBeLessThan(target);
  }
});

test('the range of a ratio of days is that of Student, nothing where all days are alike, and NULL for fewer than eight', async () => {
  const [row] = await query<Record<string, number | null>>(`
    SELECT ratio_margin([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2, 2, 2, 2, 2, 2]) AS eight, ratio_margin(range(1, 31), range(1, 31)) AS alike,
           ratio_margin([1, 2, 3, 4, 5, 6, 7], [2, 2, 2, 2, 2, 2, 2]) AS few, ratio_margin(CAST([], 'Array(Int64)'), CAST([], 'Array(Int64)')) AS none`);
  // Half of the mean's 8 days: t(7) = 2.365 times 2.449 / sqrt(8).
  expect(Math.abs(Number(row?.['eight']) - (2.365 * 2.449) / Math.sqrt(8) / 2)).toBeLessThan(0.02);
  expect([row?.['alike'], row?.['few'], row?.['none']]).toStrictEqual([0, null, null]);
});

test("a share's interval stays within 0 and 1, holds the share, narrows with n and is NULL without cases", async () => {
  const [row] = await query<Record<string, number | null>>(`
    SELECT wilson_lower(0, 5) AS none_low, wilson_upper(5, 5) AS all_high, wilson_lower(4, 10) AS few_low, wilson_upper(4, 10) AS few_high,
           wilson_lower(400, 1000) AS many_low, wilson_upper(400, 1000) AS many_high, wilson_lower(0, 0) AS no_cases`);
  expect([row?.['none_low'], row?.['all_high'], row?.['no_cases']]).toStrictEqual([0, 1, null]);
  expect([row?.['few_low']?.toFixed(4), row?.['few_high']?.toFixed(4)]).toStrictEqual(['0.1682', '0.6873']);
  expect(Number(row?.['many_low']) > Number(row?.['few_low']) && Number(row?.['many_high']) < Number(row?.['few_high'])).toBe(true);
});
