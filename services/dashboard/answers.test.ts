import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { StreamingClickHouse } from '../runtime/clickhouse.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { Answers } from './answers.ts';
import { readQuery } from './catalogue.ts';
import { plainNames } from './names.ts';

const query = readQuery('now/x', '-- X of a tenant.\nSELECT {integration:String} AS x');

function desk(): { answers: Answers; asked: string[]; ran: string[]; state: { now: number; failure: Error | null } } {
  const [asked, ran]: [string[], string[]] = [[], []];
  const state = { now: 1_000_000, failure: null as Error | null };
  const clickhouse = {
    bytes: (sql: string) => {
      asked.push(sql);
      if (state.failure !== null) return Promise.reject(state.failure);
      return Promise.resolve(Readable.from([JSON.stringify({ meta: [{ name: 'x', type: 'UInt64' }], data: [{ x: asked.length }] })]));
    },
  } as unknown as StreamingClickHouse;
  return { asked, ran, state, answers: new Answers({ clickhouse, names: plainNames, now: () => state.now, onRun: (name, outcome) => ran.push(`${name} ${outcome}`) }) };
}

test('who asks the same at the same time, or within a second, shares one run; another question has its own', async () => {
  const { answers, asked, state } = desk();
  const ask = (tenant: string) => answers.ask(query, { integration: tenant });
  await Promise.all([ask('a'), ask('a'), ask('a'), ask('b')]);
  state.now += 900;
  await ask('a');
  expect(asked.length).toBe(2);
  state.now += 200;
  expect((await ask('a')).rows).toStrictEqual([{ x: 3 }]);
});

test('while ClickHouse is away the last answer is given with its own time and the reason, and nothing of another question', async () => {
  const { answers, state, ran } = desk();
  const first = await answers.ask(query, { integration: 'a' });
  state.now += 60_000;
  state.failure = new RuntimeError('CLICKHOUSE_UNAVAILABLE', 'no answer');
  expect(await answers.ask(query, { integration: 'a' })).toStrictEqual({ ...first, stale: 'no answer' });
  await expect(answers.ask(query, { integration: 'b' })).rejects.toThrow('no answer');
  state.failure = null;
  const back = await answers.ask(query, { integration: 'a' });
  expect({ at: back.at, stale: back.stale }).toStrictEqual({ at: new Date(state.now).toISOString(), stale: undefined });
  expect(ran).toStrictEqual(['now/x answered', 'now/x failed', 'now/x failed', 'now/x answered']);
});

test('a query that is refused is never answered by what was', async () => {
  const { answers, state } = desk();
  await answers.ask(query, { integration: 'a' });
  state.now += 5_000;
  state.failure = new RuntimeError('CLICKHOUSE_REFUSED', 'ACCESS_DENIED 497: no');
  await expect(answers.ask(query, { integration: 'a' })).rejects.toThrow('497');
});

test('an answer brings the SQL with its values, as anybody can run it', async () => {
  expect((await desk().answers.ask(query, { integration: "o'a" })).sql).toBe("SELECT 'o\\'a' AS x");
});
