// Does ClickHouse hold exactly what was acknowledged? Asked by event id, not by count: every
// acknowledged event once in each table that takes all events, none of them in quarantine, and
// every quarantined one there. Events of others (earlier runs, other senders) are counted apart.
import type { Ledger } from './ledger.ts';

export type Query = <Row>(sql: string, params?: Readonly<Record<string, unknown>>) => Promise<Row[]>;

/** Where each event of every ticket is held, as it is read: an event that was delivered twice counts once. */
const eventTables = ['log.events', 'queue.timeline FINAL', 'agents.timeline FINAL'] as const;

export interface TableCheck {
  readonly integrationId: string;
  readonly table: string;
  readonly expected: number;
  /** Of the expected ones: found exactly once. */
  readonly held: number;
  readonly missing: readonly string[];
  readonly repeated: readonly string[];
  /** Acknowledged as accepted, yet in quarantine. */
  readonly astray: readonly string[];
  readonly others: number;
}

export const isExact = (check: TableCheck): boolean =>
  check.held === check.expected && check.missing.length + check.repeated.length + check.astray.length === 0;

/** Above this, ids are read in sixteen parts, by first digit, to bound memory. */
const IDS_PER_QUERY = 200_000;
const digits = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

interface IdRow { readonly id: string; readonly copies: number }

async function checkTable(query: Query, table: string, integrationId: string, expected: ReadonlySet<string>): Promise<TableCheck> {
  const found = new Set<string>();
  const repeated: string[] = [];
  let others = 0;
  const params = { integration: integrationId };
  const [size] = await query<{ rows: number }>(`SELECT count() AS rows FROM ${table} WHERE integration_id = {integration:String}`, params);
  for (const prefix of (size?.rows ?? 0) > IDS_PER_QUERY ? digits : ['']) {
    const rows = await query<IdRow>(
      `SELECT lower(event_id) AS id, count() AS copies FROM ${table}
       WHERE integration_id = {integration:String} AND startsWith(lower(event_id), {prefix:String}) GROUP BY id`, { ...params, prefix });
    for (const { id, copies } of rows) {
      if (!expected.has(id)) others++;
      else if (copies === 1) found.add(id);
      else repeated.push(id);
    }
  }
  const missing = [...expected].filter((id) => !found.has(id) && !repeated.includes(id));
  return { integrationId, table: table.replace(' FINAL', ''), expected: expected.size, held: found.size, missing, repeated, astray: [], others };
}

async function checkQuarantine(query: Query, integrationId: string, ledger: Ledger): Promise<TableCheck> {
  const { quarantined, acknowledged } = ledger.of(integrationId);
  const rows = await query<IdRow>(
    `SELECT lower(event_id) AS id, count() AS copies FROM log.quarantine WHERE integration_id = {integration:String} GROUP BY id`,
    { integration: integrationId });
  const held = new Set(rows.map(({ id }) => id));
  return {
    integrationId, table: 'log.quarantine', expected: quarantined.size,
    held: [...quarantined].filter((id) => held.has(id)).length,
    missing: [...quarantined].filter((id) => !held.has(id)),
    // One body may be quarantined under several reasons of replay; more than one row is no loss.
    repeated: [],
    astray: [...held].filter((id) => acknowledged.has(id)),
    others: [...held].filter((id) => !quarantined.has(id) && !acknowledged.has(id)).length,
  };
}

/** One row per integration and table. */
export async function checkDelivery(query: Query, ledger: Ledger): Promise<TableCheck[]> {
  const checks: TableCheck[] = [];
  for (const integrationId of ledger.integrations) {
    for (const table of eventTables) checks.push(await checkTable(query, table, integrationId, ledger.of(integrationId).acknowledged));
    checks.push(await checkQuarantine(query, integrationId, ledger));
  }
  return checks;
}

/** Events of these integrations that every projection holds: the smallest of the tables' counts. */
export async function countHeld(query: Query, integrations: readonly string[]): Promise<number> {
  const counts = eventTables.map((table) => `(SELECT count() FROM ${table} WHERE integration_id IN {integrations:Array(String)})`);
  const [row] = await query<{ held: number }>(`SELECT least(${counts.join(', ')}) AS held`, { integrations });
  return row?.held ?? 0;
}

/** Events that are landed and not yet told by the facts, whose version says how many they tell; reports wait for them. */
export async function countUntold(query: Query): Promise<number> {
  const [row] = await query<{ untold: number }>(`
    SELECT
        2 * (SELECT uniqExact(integration_id, ticket_id, event_id) FROM queue.timeline)
        - (SELECT sum(bitAnd(version, 4294967295)) FROM queue.ticket_facts FINAL)
        - (SELECT sum(bitAnd(version, 4294967295)) FROM queue.sla_timer_facts FINAL)
        + (SELECT uniqExact(integration_id, ticket_id, event_id) FROM agents.timeline)
        - (SELECT sum(bitAnd(version, 4294967295)) FROM agents.ticket_facts FINAL) AS untold`);
  return row?.untold ?? 0;
}
