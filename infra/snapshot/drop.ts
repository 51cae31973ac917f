// Takes a snapshot away: its functions, its databases, and last of all the one that says what belongs to it, so that a drop
// that was killed can be repeated.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { dropDatabase } from '../facts/diary.ts';
import { ownName } from './names.ts';
import { configOf, databasesOf, type Found } from './record.ts';

export async function drop(clickhouse: ClickHouse, { name, snapshot }: Found): Promise<void> {
  for (const called of snapshot?.functions ?? []) await clickhouse.command(`DROP FUNCTION IF EXISTS ${ownName(name, called)}`);
  const databases = (await databasesOf(clickhouse, name)).map(({ database }) => database);
  for (const database of databases.filter((own) => own !== configOf(name))) await dropDatabase(clickhouse, database);
  await dropDatabase(clickhouse, configOf(name));
}
