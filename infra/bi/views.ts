// What ClickHouse itself says of the views that BI tools read.
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { SetupError } from '../local/settings.ts';

const DATABASES = ['queue', 'agents'] as const;

/** A column of a view. */
export interface Described {
  readonly database: string;
  readonly view: string;
  readonly about: string;
  readonly column: string;
  readonly type: string;
  readonly says: string;
}

/** Views with parameters are functions to ClickHouse, and have no columns until they are called: no tool can know them beforehand. */
export async function describeViews(clickhouse: ClickHouse): Promise<Described[]> {
  const rows = await clickhouse.query<Described>(`
    SELECT t.database AS database, t.name AS view, t.comment AS about, c.name AS column, c.type AS type, c.comment AS says
    FROM system.tables AS t
    INNER JOIN system.columns AS c ON c.database = t.database AND c.table = t.name
    WHERE t.engine = 'View' AND t.database IN (${DATABASES.map((name) => `'${name}'`).join(', ')})
    ORDER BY database, view, c.position`);
  if (rows.length === 0) throw new SetupError(['ClickHouse shows no view in queue and agents: npm run migrate makes them, and the user needs to see them']);
  return rows;
}
