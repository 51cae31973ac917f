import { expect, test } from 'vitest';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { forgetPolicySets } from './tables.ts';

/** What is done to a ClickHouse whose policies have such a column, or not. */
async function done(hasSets: boolean): Promise<string[]> {
  const commands: string[] = [];
  const clickhouse: Pick<ClickHouse, 'query' | 'command'> = {
    query: <Row>() => Promise.resolve([{ n: hasSets ? 1 : 0 }] as Row[]),
    command: (sql) => Promise.resolve(void commands.push(sql)),
  };
  await forgetPolicySets(clickhouse);
  return commands;
}

test('what-if policies of an earlier version go before they are taken for policies in force', async () => {
  expect(await done(true)).toStrictEqual([expect.stringMatching(/^ALTER TABLE config\.sla_policies DELETE WHERE policy_set != ''/)]);
  expect(await done(false)).toStrictEqual([]);
});
