// The users' statements (infra/access) as a cluster is told them: each on every server.
import { sqlString } from '../../services/runtime/clickhouse.ts';
import { rendered } from './render.ts';

const NAME = '(?:`[^`]+`|[\\w]+)(?:\\.(?:`[^`]+`|[\\w]+))?';
const OF_A_NAME = new RegExp(`^CREATE (?:USER|ROLE|ROW POLICY|SETTINGS PROFILE|QUOTA)(?: OR REPLACE| IF NOT EXISTS)? ${NAME}`);

async function said(sql: string, cluster: string): Promise<string[]> {
  const on = `ON CLUSTER ${sqlString(cluster)}`;
  if (sql.startsWith('GRANT ')) return [sql.replace('GRANT', `GRANT ${on}`)];
  const [head] = OF_A_NAME.exec(sql) ?? [];
  return head === undefined ? rendered(sql, { name: cluster, spreadOf: () => Promise.resolve('plain') }) : [`${head} ${on}${sql.slice(head.length)}`];
}

/** @param statements each with its semicolon and a line of its own. @param cluster '' for one server. */
export async function accessOn(cluster: string, statements: string): Promise<string> {
  if (cluster === '') return statements;
  const told = await Promise.all(statements.split(/;\n/).filter((sql) => sql.trim() !== '').map((sql) => said(sql, cluster)));
  return told.flat().map((sql) => `${sql};\n`).join('');
}
