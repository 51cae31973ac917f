// Rows of blocks as objects, and the way back: what a test looks at when a body was sent, and what it answers.
import { readBlocks } from '../decode.ts';
import { BlockEncoder, type Column, type Row } from '../encode.ts';

export const rowsOf = (body: Buffer): Row[] => [...readBlocks(body)].flatMap(({ rows, names, columns }) =>
  Array.from({ length: rows }, (_, row) => Object.fromEntries(names.map((name, index) => [name, columns[index]?.at(row)]))));

export function blockOf(columns: readonly Column[], rows: readonly object[]): Buffer {
  const encoder = new BlockEncoder(columns);
  for (const row of rows) encoder.add(row);
  return encoder.block();
}

/** What ClickHouse answers when it is asked for timelines of tickets of acme; further columns stand behind the event's id. */
export const timelinesOf = (configState: string, events: readonly { readonly ticket_id: string; readonly event_id: string }[], further: readonly Column[] = []): Buffer =>
  blockOf(
    [{ name: 'integration_id', type: 'LowCardinality(String)' }, { name: 'ticket_id', type: 'String' }, { name: 'config_state', type: 'LowCardinality(String)' }, { name: 'event_id', type: 'String' }, ...further],
    events.map(({ ticket_id, ...event }) => ({ integration_id: 'acme', ticket_id, config_state: configState, ...event })));
