/**
 * For a stack that lives for minutes: a Java that compiles in one stage only spends a third less on its start, and what
 * ClickHouse compiles is used a handful of times, which took up to a tenth of its CPU.
 */
export const shortLived = { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1', CLICKHOUSE_COMPILES: 'off' };
