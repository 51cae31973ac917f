// Timelines as they are read, ticket after ticket: without FINAL, which costs more than it spares, since a fold drops
// repetitions itself, and without grouping, since in the order of the table's key a ticket's events lie together.
import type { ClickHouse } from '../clickhouse.ts';
import { readBlocks, type Values } from '../native/decode.ts';

export interface Ticket {
  readonly integration_id: string;
  readonly ticket_id: string;
}

/** What is told apart of an event here; the rest is the fold's. */
export interface Identified {
  readonly eventId: string;
}

export interface Timeline extends Ticket {
  /** Under which configuration it was read. */
  readonly configState: string;
  readonly events: readonly Identified[];
}

/** What is read of the timelines in a database, and how rows of these columns are made events. */
export interface Read {
  readonly database: string;
  readonly columns: readonly string[];
  readonly events: (columns: readonly Values[]) => (row: number) => Identified;
}

/**
 * Changes whenever the configuration does: by the version that is live, and by the parts of its tables, for what is written to
 * them by other means than a file.
 */
const CONFIG_STATE = `concat(toString(live_config_version()), ' ', (SELECT toString(groupBitXor(cityHash64(table, name))) FROM system.parts WHERE database = 'config' AND active))`;

const timelineSql = ({ database, columns }: Read, condition: string): string => `
  SELECT integration_id, ticket_id, toLowCardinality(${CONFIG_STATE}) AS config_state, ${columns.join(', ')}
  FROM ${database}.timeline
  WHERE ${condition}
  ORDER BY integration_id, ticket_id`;

/** Events are made when their ticket is asked for: of a large answer only a ticket's lie in memory, unless they are kept. */
export async function readTimelines(clickhouse: Pick<ClickHouse, 'read'>, read: Read, condition: string): Promise<Iterable<Timeline>> {
  return timelinesOf(await clickhouse.read(timelineSql(read, condition)), read);
}

function* timelinesOf(bytes: Buffer, { events: eventsIn }: Read): Generator<Timeline> {
  let last: (Timeline & { readonly events: Identified[] }) | null = null;
  for (const { rows, columns: [integrations, tickets, states, ...columns] } of readBlocks(bytes)) {
    const eventAt = eventsIn(columns);
    for (let row = 0; row < rows; row++) {
      const integration_id = String(integrations?.at(row));
      const ticket_id = String(tickets?.at(row));
      if (last === null || last.ticket_id !== ticket_id || last.integration_id !== integration_id) {
        if (last !== null) yield last;
        last = { integration_id, ticket_id, configState: String(states?.at(row)), events: [] };
      }
      last.events.push(eventAt(row));
    }
  }
  if (last !== null) yield last;
}
