// Tables of RESULTS.md.
export type Cell = string;
export type Row = Readonly<Record<string, Cell>>;

/** A Markdown table; all columns but the first stand right. */
export function table(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map((row) => line(columns.map((column) => row[column] ?? '')))].join('\n');
}
