// Puts random histories where the SQL finds events and configuration: the landing tables and the
// config tables. It lays out opening hours date by date; uniting and clipping is the SQL's work.
import assert from 'node:assert/strict';
import { loadContracts } from '../../schemas/contract.ts';
import { containerBlock, createEncoder } from '../../services/runtime/avro.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import { eventRows, type LandingRow } from '../../services/runtime/landing.ts';
import { SchemaLookup, SchemaRegistry } from '../../services/runtime/registry.ts';
import { endOfTime, intervalsOfDate, type Calendar } from '../oracle/calendar.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { baseTime } from '../oracle/histories.ts';
import type { SlaPolicy } from '../oracle/sla.ts';

const day = 86_400_000;

async function landingRows(events: readonly CrmEvent[]): Promise<LandingRow[]> {
  const contracts = [...(await loadContracts()).values()];
  const locked = contracts.map(({ record, eventType }, id) => ({ id, subject: eventType, schema: JSON.stringify(record) }));
  const encoders = new Map(contracts.map(({ record, eventType }, id) => [eventType, createEncoder(record, id)]));
  const toLanding = eventRows(new SchemaLookup(new SchemaRegistry('http://unused'), locked));
  const landed = await Promise.all(events.map((event) => toLanding({
    topic: 'histories', partition: 0, offset: event.kafka_offset, key: event.ticket_id, timestampMs: event.received_at,
    headers: { received_at: new Date(event.received_at).toISOString() },
    value: encoders.get(event.event_type)?.(event) ?? null,
  })));
  return landed.map((item) => {
    assert.ok(item.kind === 'row');
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
      const body = Buffer.concat([first.header, containerBlock(group.length, group.flatMap((row) => row.parts))]);
      await clickhouse.insertEncoded(`${database}.${first.table}`, 'Avro', body);
    }
  }
}

const instant = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '');

function windowRows(calendar: Calendar): unknown[] {
  const versions = [...calendar.versions].sort((a, b) => a.valid_from - b.valid_from);
  return versions.flatMap((version, i) => {
    const rows: unknown[] = [];
    for (let date = Math.floor(baseTime / day) * day - 60 * day; date < Date.now() + 400 * day; date += day) {
      for (const [from, to] of intervalsOfDate(version, date)) {
        rows.push({
          calendar_id: calendar.calendar_id, version: version.version,
          in_force_from: instant(version.valid_from), in_force_to: instant(versions[i + 1]?.valid_from ?? endOfTime),
          open_from: instant(from), open_to: instant(to),
        });
      }
    }
    return rows;
  });
}

const listOf = (value: string | undefined): string[] => (value === undefined ? [] : [value]);

function policyRows(policy: SlaPolicy, position: number): unknown[] {
  const versions = [...policy.versions].sort((a, b) => a.valid_from - b.valid_from);
  return versions.map((version, i) => ({
    policy_set: '', integration_id: policy.integration_id, policy_id: policy.policy_id, version: version.version, position,
    in_force_from: instant(version.valid_from), in_force_to: instant(versions[i + 1]?.valid_from ?? endOfTime),
    match_queue_ids: listOf(version.match?.queue_id), match_channel_types: listOf(version.match?.channel_type),
    match_language_codes: listOf(version.match?.language_code), match_metadata: version.match?.metadata ?? {},
    first_response_seconds: version.first_response_seconds ?? null, next_response_seconds: version.next_response_seconds ?? null,
    resolution_seconds: version.resolution_seconds ?? null, calendar_id: version.calendar_id, pause_statuses: version.pause_statuses,
  }));
}

export interface LoadedConfig {
  calendars: readonly Calendar[];
  defaultCalendars: Readonly<Record<string, string>>;
  policies: readonly SlaPolicy[];
}

export async function loadConfig(clickhouse: ClickHouse, config: LoadedConfig): Promise<void> {
  const tables: Record<string, unknown[]> = {
    'config.calendar_windows': config.calendars.flatMap(windowRows),
    'config.default_calendars': Object.entries(config.defaultCalendars).map(([integration_id, calendar_id]) => ({ integration_id, calendar_id })),
    'config.sla_policies': config.policies.flatMap(policyRows),
  };
  for (const [table, rows] of Object.entries(tables)) {
    const lines = rows.map((row) => JSON.stringify(row)).join('\n');
    if (rows.length > 0) await clickhouse.insertEncoded(table, 'JSONEachRow', Buffer.from(lines));
  }
  for (const dictionary of ['calendar', 'calendar_by_open_time', 'default_calendar']) {
    await clickhouse.command(`SYSTEM RELOAD DICTIONARY config.${dictionary}`);
  }
}

/** Forgets histories of tenants like a pattern, so that later readers of the same database don't meet them. */
export async function forgetTenants(clickhouse: ClickHouse, tenants: string, databases: readonly string[]): Promise<void> {
  const tables = databases.flatMap((database) => [`${database}.timeline`, `${database}.ticket_facts`]);
  for (const table of [...tables, 'config.default_calendars', 'config.sla_policies']) {
    await clickhouse.command(`DELETE FROM ${table} WHERE like(integration_id, '${tenants}')`);
  }
  await clickhouse.command(`DELETE FROM config.calendar_windows WHERE startsWith(calendar_id, 'history-')`);
}
