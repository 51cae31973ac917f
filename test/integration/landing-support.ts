// Puts events straight into ClickHouse, through the real landing tables and facts and without
// Kafka: for tests that ask whether the numbers are right and not whether they arrive.
import assert from 'node:assert/strict';
import { loadContracts } from '../../schemas/contract.ts';
import { containerBlock, createEncoder } from '../../services/runtime/avro.ts';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import { eventRows, type LandingRow } from '../../services/runtime/landing.ts';
import { SchemaLookup, SchemaRegistry } from '../../services/runtime/registry.ts';
import type { CrmEvent } from '../oracle/events.ts';

async function landingRows(events: readonly CrmEvent[]): Promise<LandingRow[]> {
  const contracts = [...(await loadContracts()).values()];
  const locked = contracts.map(({ record, eventType }, id) => ({ id, subject: eventType, schema: JSON.stringify(record) }));
  const encoders = new Map(contracts.map(({ record, eventType }, id) => [eventType, createEncoder(record, id)]));
  const toLanding = eventRows(new SchemaLookup(new SchemaRegistry('http://unused'), locked));
  return Promise.all(events.map(async (event) => {
    const landed = await toLanding({
      topic: 'unused', partition: 0, offset: event.kafka_offset, key: event.ticket_id, timestampMs: event.received_at,
      headers: { received_at: new Date(event.received_at).toISOString() },
      value: encoders.get(event.event_type)?.(event) ?? null,
    });
    assert.ok(landed.kind === 'row');
    return landed;
  }));
}

/** Lands the events and computes the facts of their integrations. */
export async function land(clickhouse: ClickHouse, events: readonly CrmEvent[]): Promise<void> {
  const rows = await landingRows(events);
  const integrations = [...new Set(events.map((event) => event.source.integration_id))].map(sqlString).join(', ');
  const end = `'2106-01-01 00:00:00.000'`;
  for (const database of ['queue', 'agents']) {
    for (const group of groupBy(rows, (row) => row.header).values()) {
      const [first] = group;
      if (first === undefined) continue;
      const body = Buffer.concat([first.header, containerBlock(group.length, group.flatMap((row) => row.parts))]);
      await clickhouse.insertEncoded(`${database}.${first.table}`, 'Avro', body);
    }
    await clickhouse.command(`INSERT INTO ${database}.ticket_facts SELECT * FROM ${database}.ticket_facts_of(tickets = [], as_of = ${end}, known_at = ${end}) WHERE integration_id IN (${integrations})`);
  }
  await clickhouse.command(`INSERT INTO queue.sla_timer_facts SELECT * FROM queue.sla_timer_facts_of(tickets = []) WHERE integration_id IN (${integrations})`);
}
