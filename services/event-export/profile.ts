// Whose eyes a file is for: which view it is made of, and which columns. ClickHouse writes the files from these views itself, so
// what a view does not have can't reach one. A customer's profile can be made of one view only, in which no private message is.
// Personal fields that are sealed stay so: a file can't be called back, and its reader needs the key as a reader of the log does.
import { instantText, sqlString } from '../runtime/clickhouse.ts';
import { places, type Cut } from './cut.ts';
import type { FormatName, ProfileName } from './section.ts';

interface Profile<View extends string> {
  readonly view: View;
  readonly columns: string;
}

type PublicView = 'log.sealed_public_messages';

const profiles: { readonly audit: Profile<'log.sealed_events'>; readonly customer: Profile<PublicView> } = {
  audit: { view: 'log.sealed_events', columns: '*' },
  customer: { view: 'log.sealed_public_messages', columns: '* EXCEPT (kafka_partition, kafka_offset)' },
};

/** Events of one integration, told by when they were received and where they lie in the log. */
export interface Selection {
  readonly integrationId: string;
  readonly profile: ProfileName;
  readonly from?: Date;
  readonly to: Date;
  /** Places already exported, when only what came later is meant. */
  readonly after?: Cut;
  readonly before: Cut;
}

const instant = (date: Date): string => `toDateTime64('${instantText(date.getTime())}', 3, 'UTC')`;

/**
 * The condition is said twice. The inner one reads four narrow columns, to know which rows are looked for; the outer one
 * then reads the wide columns of only those parts of the table that hold such a row, and drops what FINAL replaced.
 */
function condition({ integrationId, from, to, after, before }: Selection): string {
  const which = [
    `integration_id = ${sqlString(integrationId)}`,
    ...(from === undefined ? [] : [`received_at >= ${instant(from)}`]),
    `received_at < ${instant(to)}`,
    `kafka_offset < ${places(before)}`,
    ...(after === undefined ? [] : [`kafka_offset >= ${places(after)}`]),
  ].join(' AND ');
  return `(integration_id, ticket_id, event_id) IN (SELECT integration_id, ticket_id, event_id FROM log.event_store WHERE ${which}) AND ${which}`;
}

/** One row per UTC day of receipt that has any. */
export const countsByDay = (selection: Selection): string =>
  `SELECT toString(toDate(received_at)) AS day, count() AS events FROM ${profiles[selection.profile].view} WHERE ${condition(selection)} GROUP BY day ORDER BY day`;

/** Earliest receipt, NULL without any. It looks at the store, where a replaced row may still be: the day is then empty, and passed over. */
export const firstReceipt = ({ integrationId, from, before }: Pick<Selection, 'integrationId' | 'from' | 'before'>): string =>
  `SELECT minOrNull(received_at) AS first FROM log.event_store WHERE integration_id = ${sqlString(integrationId)} AND kafka_offset < ${places(before)}${from === undefined ? '' : ` AND received_at >= ${instant(from)}`}`;

const clickHouseFormats: Readonly<Record<FormatName, string>> = { parquet: 'Parquet', ndjson: 'JSONEachRow' };

/** A day that does not fit into this much memory is sorted on ClickHouse's disk. */
const SORT_BYTES = 268_435_456;

/** The rows themselves, in the order in which they were accepted: the same each time. */
export const rowsOf = (selection: Selection, format: FormatName): string =>
  `SELECT ${profiles[selection.profile].columns} FROM ${profiles[selection.profile].view} WHERE ${condition(selection)} ORDER BY received_at, kafka_partition, kafka_offset
SETTINGS max_bytes_before_external_sort = ${SORT_BYTES}, max_bytes_ratio_before_external_sort = 0, output_format_parquet_row_group_size = 100000, output_format_json_quote_64bit_integers = 0
FORMAT ${clickHouseFormats[format]}`;
