// Puts random histories where the SQL finds events and configuration: the landing tables and the
// config tables.
import { expect } from 'vitest';
import { loadContracts } from '../../schemas/contract.ts';
import { containerOf, createEncoder } from '../../services/runtime/avro/avro.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import { eventRows, type LandingRow } from '../../services/runtime/projection/landing.ts';
import { SchemaLookup, SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { deskRows, type HistoryConfig } from './history-desk.ts';

async function landingRows(events: readonly CrmEvent[]): Promise<LandingRow[]> {
  const contracts = [...(await loadContracts()).values()];
  const locked = contracts.map(({ record, eventType }, id) => ({ id, subject: eventType, schema: JSON.stringify(record) }));
  const encoders = new Map(contracts.map(({ record, eventType }, id) => [eventType, createEncoder(record, id)]));
  const toLanding = eventRows(new SchemaLookup(new SchemaRegistry('http://unused'), locked));
  const landed = await Promise.all(events.map(async (event) => toLanding({
    topic: 'histories', partition: 0, offset: event.kafka_offset, key: event.ticket_id, timestampMs: event.received_at,
    headers: { received_at: new Date(event.received_at).toISOString() },
    value: encoders.get(event.event_type)?.(event) ?? null,
  })));
  return landed.map((item) => {
    expect.assert(item.kind === 'row');
    return item;
  });
}

/** One insert per event type and database, as the runner does it. */
export async function landEvents(clickhouse: ClickHouse, events: readonly CrmEvent[], databases: readonly string[]): Promise<void> {
  const rows = await landingRows(events);
  for (const database of databases) {
    for (const group of groupBy(rows, (row) => row.header).values()) {
      const [first] = group;
      if (first === undefined) continue;
      await clickhouse.insertEncoded(`${database}.${first.table}`, 'Avro', containerOf(first.header, group));
    }
  }
}

/** The dictionaries that hold what config tables say. */
const dictionaries = ['calendar', 'default_calendar', 'agent_name'];

async function reloadDictionaries(clickhouse: ClickHouse): Promise<void> {
  for (const dictionary of dictionaries) await clickhouse.command(`SYSTEM RELOAD DICTIONARY config.${dictionary}`);
}

/** Beside whatever is in force; rows of version 0 hold under every version. */
export async function loadConfig(clickhouse: ClickHouse, integrations: readonly string[], config: HistoryConfig): Promise<void> {
  for (const [table, rows] of deskRows(integrations, config)) {
    const body = Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n'));
    if (rows.length > 0) await clickhouse.insertEncoded(`config.${table}`, 'JSONEachRow', body);
  }
  await reloadDictionaries(clickhouse);
}

const tablesOf: Readonly<Record<string, readonly string[]>> = {
  queue: ['timeline', 'ticket_facts', 'sla_timer_facts'],
  agents: ['timeline', 'ticket_facts'],
  log: ['event_store', 'event_bodies'],
  config: ['default_calendars', 'sla_policies', 'status_map', 'agent_names', 'agent_shifts'],
};

/** Forgets histories of tenants like a pattern, so that later readers of the same database don't meet them. */
export async function forgetTenants(clickhouse: ClickHouse, tenants: string, databases: readonly string[]): Promise<void> {
  for (const database of [...databases, 'config']) {
    for (const table of tablesOf[database] ?? []) {
      await clickhouse.command(`DELETE FROM ${database}.${table} WHERE like(integration_id, '${tenants}')`);
    }
  }
  await clickhouse.command(`DELETE FROM config.calendar_windows WHERE startsWith(calendar_id, 'history-')`);
  await reloadDictionaries(clickhouse);
}
