import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import type { User } from './users.ts';
export async function serverSql(clickhouse: ClickHouse, users: readonly User[]): Promise<string> { return `${users.length}`; }
