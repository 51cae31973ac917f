// RESULTS.md: a section per part, between marks, so that a part that runs alone replaces its own and keeps the others.
import { readFile, writeFile } from 'node:fs/promises';

const file = new URL('RESULTS.md', import.meta.url);

export const introduction = `# What was measured

Written by \`npm run bench -- ingress | live | rebuild | catch-up | reconcile | start-up | questions | dashboard | cluster | soak\`; \`--help\` tells the options. Each section says
when, on what and by which command it was made. Compare within a section: everything in it was measured in one run, on one
machine, with the sender on it. Another machine gives other milliseconds; the ratios should hold.
`;

export type Cell = string;
export type Row = Readonly<Record<string, Cell>>;

/** A Markdown table; all columns but the first stand right. */
export function table(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map((row) => line(columns.map((column) => row[column] ?? '')))].join('\n');
}

const begin = (part: string): string => `<!-- ${part} -->`;
const end = (part: string): string => `<!-- end of ${part} -->`;

/** The document with this part's section in it, at its old place or as the last one. */
export function withSection(document: string, part: string, section: string): string {
  const whole = `${begin(part)}\n${section.trim()}\n${end(part)}`;
  const [from, to] = [document.indexOf(begin(part)), document.indexOf(end(part))];
  if (from === -1 || to < from) return `${document.trimEnd()}\n\n${whole}\n`;
  return document.slice(0, from) + whole + document.slice(to + end(part).length);
}

export async function writeSection(part: string, section: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => introduction);
  await writeFile(file, withSection(before, part, section));
  console.log(`\n${section.trim()}\n\nwritten to test/bench/RESULTS.md`);
}
