// RESULTS.md: a row per fault. A run of some faults replaces their rows and keeps the others, each of which says when, of which
// commit and with which seed it was made.
import { readFile, writeFile } from 'node:fs/promises';
import { table, type Row } from '../../bench/results.ts';
import { faults, notRun } from './cases.ts';
import { invariants } from './judge.ts';
import type { Result } from './run.ts';

const file = new URL('../RESULTS.md', import.meta.url);

export interface Versions {
  readonly command: string;
  readonly commit: string;
  readonly startedAt: Date;
  readonly node: string;
  readonly clickhouse: string;
  readonly kafka: string;
  readonly machine: string;
}

const spread = (seconds: readonly number[]): string => {
  const sorted = seconds.toSorted((a, b) => a - b);
  const [middle, last] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
  return middle === undefined || last === undefined ? '–' : `${middle.toFixed(1)} / ${last.toFixed(1)}`;
};

export const rowOf = (result: Result, versions: Versions): Row => ({
  fault: result.fault.id,
  'what happens': result.fault.title,
  injections: String(result.injections),
  events: String(result.events),
  acknowledged: String(result.acknowledged),
  lost: String(result.lost),
  duplicated: String(result.duplicated),
  'copies in the log': String(result.copiesInLog),
  'seconds to recover': spread(result.recoverySeconds),
  holds: result.violations.length === 0 ? 'yes' : `NO: ${[...new Set(result.violations.map(({ invariant }) => invariant))].join(', ')}`,
  seed: String(result.options.seed),
  'when, of which commit': `${versions.startedAt.toISOString().slice(0, 16).replace('T', ' ')}, ${versions.commit}`,
});

/** For people at the end of a run: each violation with its ids. */
export function violationsText({ fault, violations, notes }: Result): string {
  const lines = violations.map(({ invariant, what, count, eventIds }) => `  ${fault.id} ${invariant}: ${what} (${count})${eventIds.map((id) => `\n      ${id}`).join('')}`);
  return [...lines, ...notes.map((note) => `  ${fault.id}: ${note}`)].join('\n');
}

const cellsOf = (line: string): string[] => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim().replaceAll('\\|', '|'));

/** The rows that a page has already, by fault. */
export function rowsIn(page: string): Map<string, Row> {
  const lines = page.split('\n').filter((line) => line.startsWith('|'));
  const columns = cellsOf(lines[0] ?? '');
  const rows = lines.slice(2).map((line) => Object.fromEntries(cellsOf(line).map((cell, index) => [columns[index] ?? '', cell])));
  return new Map(rows.flatMap((row) => (row['fault'] !== undefined && /^F\d/.test(row['fault']) ? [[row['fault'], row] as const] : [])));
}

const numberOf = (id: string): number => Number(/\d+/.exec(id)?.[0] ?? 0);

export function pageWith(before: string, results: readonly Result[], versions: Versions): string {
  const rows = rowsIn(before);
  for (const result of results) rows.set(result.fault.id, rowOf(result, versions));
  const lacking = faults.filter(({ id }) => !rows.has(id));
  const inOrder = [...rows].sort(([a], [b]) => numberOf(a) - numberOf(b) || a.localeCompare(b)).map(([, row]) => row);
  return `# What was broken, and what came of it

Written by \`npm run test:faults\` (\`--list\` names the faults, \`-- F8 --seed 7 --times 50\` runs one). Each row is one run on a real
Kafka (one broker, three where it says so), Apicurio registry and ClickHouse (in process) with all services, while events came in. The sender keeps its own list of every
request and its outcome; a checker compares it with the log (by raw offsets), all tables, facts and quarantine. *lost*: acknowledged
and not there. *duplicated*: twice in a table or in quarantine. *copies in the log*: events that lie there more than once, which is allowed. *seconds to
recover*: from the end of an injection until every service is ready and a new event has come all the way, half of them and the slowest.

Last run: \`${versions.command}\`, Node ${versions.node}, Kafka ${versions.kafka}, ClickHouse ${versions.clickhouse}, ${versions.machine}.

${table(inOrder)}

What has to hold: ${Object.entries(invariants).map(([name, text]) => `**${name}** ${text}`).join('; ')}.

Not run: ${Object.entries(notRun).map(([id, reason]) => `${id} (${reason})`).join('; ')}.
${lacking.length === 0 ? '' : `\nNot run for this page, though there is a case: ${lacking.map(({ id, title }) => `${id} (${title})`).join('; ')}.\n`}`;
}

export async function writeResults(results: readonly Result[], versions: Versions): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => '');
  await writeFile(file, pageWith(before, results, versions));
}
