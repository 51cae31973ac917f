// Erlang C in SQL against the published golden value, against a textbook computation by
// logarithms, and at its edges.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { closeClients, query } from '../support.ts';
import { answeredWithin, erlangC } from '../oracle/erlang.ts';

after(closeClients);

async function value(expression: string): Promise<number> {
  const [row] = await query<{ value: number }>(`SELECT ${expression} AS value`);
  return Number(row?.value);
}

const close = (actual: number, expected: number): void => {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);
};

test('100 contacts in 30 minutes of 180 s each wait with 14 agents in 17.4 of 100 cases, and 88.8 are answered within 20 s', async () => {
  assert.equal((await value('erlang_c(100, 1800, 180, 14)')).toFixed(7), '0.1741319');
  assert.equal((await value('erlang_service_level(100, 1800, 180, 14, 20)')).toFixed(5), '0.88835');
});

test('any load and number of agents gives what the textbook formula gives, up to thousands of agents', async () => {
  for (const [arrivals, agents] of [[1, 1], [1, 5], [10, 2], [100, 11], [1900, 200], [1999, 200], [500, 200], [30_000, 3_050]] as const) {
    const load = arrivals / 10;
    close(await value(`erlang_c(${arrivals}, 1800, 180, ${agents})`), erlangC(load, agents));
    close(await value(`erlang_service_level(${arrivals}, 1800, 180, ${agents}, 20)`), answeredWithin(load, agents, 20 / 180));
  }
});

test('without arrivals nobody waits and nobody is needed', async () => {
  assert.equal(await value('erlang_c(0, 1800, 180, 0)'), 0);
  assert.equal(await value('erlang_c(0, 1800, 180, 5)'), 0);
  assert.equal(await value('erlang_service_level(0, 1800, 180, 0, 20)'), 1);
  assert.equal(await value('agents_for_service_level(0, 1800, 180, 20, 0.8)'), 0);
});

test('with as much load as agents everybody waits, and nobody is answered in time', async () => {
  for (const agents of [0, 9, 10]) {
    assert.equal(await value(`erlang_c(100, 1800, 180, ${agents})`), 1);
    assert.equal(await value(`erlang_service_level(100, 1800, 180, ${agents}, 20)`), 0);
  }
});

test('the agents for a target are the fewest that reach it', async () => {
  const rows = await query<{ arrivals: number; target: number; agents: number }>(`
    SELECT arrayJoin([0.01, 1, 7, 40, 100, 333, 1000, 20000]) AS arrivals, arrayJoin([0.5, 0.8, 0.95, 0.999]) AS target,
           agents_for_service_level(arrivals, 1800, 180, 20, target) AS agents`);
  for (const { arrivals, target, agents } of rows) {
    const load = arrivals / 10;
    assert.ok(answeredWithin(load, agents, 20 / 180) >= target, `${agents} agents are too few for ${arrivals} and ${target}`);
    assert.ok(answeredWithin(load, agents - 1, 20 / 180) < target, `${agents} agents are too many for ${arrivals} and ${target}`);
  }
});

test("a share's interval stays within 0 and 1, holds the share, narrows with n and is NULL without cases", async () => {
  const [row] = await query<Record<string, number | null>>(`
    SELECT wilson_lower(0, 5) AS none_low, wilson_upper(5, 5) AS all_high, wilson_lower(4, 10) AS few_low, wilson_upper(4, 10) AS few_high,
           wilson_lower(400, 1000) AS many_low, wilson_upper(400, 1000) AS many_high, wilson_lower(0, 0) AS no_cases`);
  assert.deepEqual([row?.['none_low'], row?.['all_high'], row?.['no_cases']], [0, 1, null]);
  assert.deepEqual([row?.['few_low']?.toFixed(4), row?.['few_high']?.toFixed(4)], ['0.1682', '0.6873']);
  assert.ok(Number(row?.['many_low']) > Number(row?.['few_low']) && Number(row?.['many_high']) < Number(row?.['few_high']));
});
