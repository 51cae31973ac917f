// One row that ClickHouse refuses must not hold up the others: what it refuses is halved until the bad row stands alone.
import { toRuntimeError } from '../clickhouse.ts';

export interface Refused<Row> {
  readonly row: Row;
  /** ClickHouse's own words, or those of whatever made it of the row. */
  readonly detail: string;
}

/** Whether it is one of the rows that can't be inserted, whichever. */
export const isOfARow = (error: unknown): boolean => ['CLICKHOUSE_BAD_DATA', 'FACTS_FAILED'].includes(toRuntimeError(error).code);

/** @returns the rows that are refused for what they say; any other failure is thrown. */
export async function insertHalving<Row>(rows: readonly Row[], insert: (rows: readonly Row[]) => Promise<void>): Promise<Refused<Row>[]> {
  const [first] = rows;
  if (first === undefined) return [];
  try {
    await insert(rows);
    return [];
  } catch (error) {
    if (!isOfARow(error)) throw toRuntimeError(error);
    if (rows.length === 1) return [{ row: first, detail: toRuntimeError(error).message }];
    const half = Math.ceil(rows.length / 2);
    return [...(await insertHalving(rows.slice(0, half), insert)), ...(await insertHalving(rows.slice(half), insert))];
  }
}
