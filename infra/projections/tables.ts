// Brings a projection's database to what the code expects: a landing table per event type (generated
// from the Avro records, so that a field has one spelling) and its statements, each of which can be
// repeated. When the definition of facts has changed and there are rows by the old one, the views
// stay as they are, so that old and new numbers never stand in one table.
import { relative } from 'node:path';
import { loadContracts } from '../../schemas/contract.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { messageOf, RuntimeError } from '../../services/runtime/errors.ts';
import { addProvenance, admitOnly, admittedTo } from '../../services/runtime/projection/computed-by.ts';
import { landingColumns, landingTable } from '../../services/runtime/projection/landing.ts';
import { keyLandings } from '../../services/runtime/projection/key-landing.ts';
import { quarantineLandings } from '../../services/runtime/projection/quarantine-landing.ts';
import { projectDir } from '../local/settings.ts';
import { recordDefinition, recordedDefinition, type Defined } from './definition.ts';
import { queryOf, type Statement } from './statements.ts';

async function apply(clickhouse: ClickHouse, statement: Statement, database: string): Promise<void> {
  // A materialized view can't be replaced without losing what is inserted meanwhile; its query can.
  const texts = statement.kind === 'materialized view' ? [statement.text, `ALTER TABLE ${statement.target} MODIFY QUERY ${queryOf(statement)}`] : [statement.text];
  for (const text of texts.map((written) => written.replaceAll('{database}', database))) {
    try {
      await clickhouse.command(text);
    } catch (error) {
      throw new RuntimeError('CLICKHOUSE_REFUSED', `${relative(projectDir, statement.file)}: ${messageOf(error)}\n${text.slice(0, 500)}`, { cause: error });
    }
  }
}

async function createLanding(clickhouse: ClickHouse, table: string, columns: readonly { name: string; type: string }[]): Promise<void> {
  const definitions = columns.map(({ name, type }) => `\`${name}\` ${type}`);
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS ${table} (${definitions.join(', ')}) ENGINE = Null COMMENT 'Door for the projector: materialized views read what is inserted here'`);
  // A field added to the contract later becomes a column here.
  await clickhouse.command(`ALTER TABLE ${table} ${definitions.map((definition) => `ADD COLUMN IF NOT EXISTS ${definition}`).join(', ')}`);
}

/** Policies of what-if sets, which earlier versions kept beside those in force: they would rule. */
export async function forgetPolicySets(clickhouse: Pick<ClickHouse, 'query' | 'command'>): Promise<void> {
  const [column] = await clickhouse.query<{ n: number }>(`SELECT count() AS n FROM system.columns WHERE database = 'config' AND table = 'sla_policies' AND name = 'policy_set'`);
  if ((column?.n ?? 0) > 0) await clickhouse.command(`ALTER TABLE config.sla_policies DELETE WHERE policy_set != '' SETTINGS mutations_sync = 1`);
}

type Facts = 'current' | 'outdated';

/** Whether rows of the facts were computed by another definition. A table without rows is made anew. */
async function standingOf(clickhouse: ClickHouse, { projection, definition }: Defined): Promise<Facts> {
  let standing: Facts = 'current';
  for (const table of projection.facts.map((name) => `${projection.database}.${name}`)) {
    const recorded = await recordedDefinition(clickhouse, table);
    if (recorded === null || recorded === definition) continue;
    const [row] = await clickhouse.query<{ rows: number }>(`SELECT count() AS rows FROM ${table}`);
    if (row?.rows === 0) await clickhouse.command(`DROP TABLE IF EMPTY ${table} SYNC`);
    else standing = 'outdated';
  }
  return standing;
}

/** Whose rows the tables admit: this code's, or, while they hold another definition's, the other one's. */
async function admit(clickhouse: ClickHouse, { projection, definition, computedBy }: Defined, standing: Facts): Promise<void> {
  for (const table of projection.facts.map((name) => `${projection.database}.${name}`)) {
    await addProvenance(clickhouse, table);
    if (standing === 'current') {
      await admitOnly(clickhouse, table, computedBy);
      await recordDefinition(clickhouse, table, definition);
    } else if ((await admittedTo(clickhouse, table)) === null) {
      // Made before rows said who computed them: whoever still computes by that definition says nothing.
      await admitOnly(clickhouse, table, '');
    }
  }
}

/** Applies a projection's SQL; its views only where they don't show rows by another definition. */
export async function migrateProjection(clickhouse: ClickHouse, defined: Defined): Promise<Facts> {
  const { projection, statements } = defined;
  const { database } = projection;
  await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
  for (const { record } of (await loadContracts()).values()) await createLanding(clickhouse, `${database}.${landingTable(record)}`, landingColumns(record));
  if (database === 'log') {
    for (const { table, columns } of [...quarantineLandings, ...keyLandings]) await createLanding(clickhouse, `${database}.${table}`, columns);
  }
  await forgetPolicySets(clickhouse);
  const standing = await standingOf(clickhouse, defined);
  const held = ({ kind, target }: Statement): boolean => standing === 'outdated' && kind === 'view' && target.startsWith('{database}.');
  for (const statement of statements) if (!held(statement)) await apply(clickhouse, statement, database);
  await admit(clickhouse, defined, standing);
  return standing;
}
