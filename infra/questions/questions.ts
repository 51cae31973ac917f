// npm run questions: asks every analyst question of this folder with the example
// values of its header and prints the answers; with --write also into the README beside them, with
// --snapshot of a snapshot.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Option, program } from 'commander';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { tableText } from '../demo/report.ts';
import { openSnapshot } from '../snapshot/record.ts';
import { inSnapshot } from '../snapshot/render.ts';
import { exitCodeOf } from '../target/refused.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { examplesOf, parametersOf } from './examples.ts';

type Cell = string | number | boolean | null;

interface Options {
  readonly write: boolean;
  readonly snapshot?: string;
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const ROWS_SHOWN = 8;
const MARK = '<!-- Below: npm run questions -- --write, after npm run demo. -->';

/** Shares with 15 digits are hard to read. */
const rounded = (cell: Cell): Cell => (typeof cell === 'number' && !Number.isInteger(cell) ? Number(cell.toFixed(4)) : cell);

/** How a question is asked: as it is, or of a snapshot. */
type Render = (sql: string) => string;

async function answer(clickhouse: ClickHouse, file: string, render: Render): Promise<string> {
  const sql = readFileSync(join(folder, file), 'utf8');
  const title = sql.split('\n', 1)[0]?.replace(/^-- \d+\. /, '') ?? file;
  const examples = examplesOf(sql);
  const rows = await clickhouse.query<Record<string, Cell>>(render(sql), parametersOf(examples));
  const shown = rows.slice(0, ROWS_SHOWN).map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, rounded(cell)])));
  const more = rows.length > shown.length ? `\n… ${rows.length - shown.length} more rows` : '';
  const asked = Object.entries(examples).map(([name, value]) => `${name} = ${value}`).join(', ');
  return `## ${Number(file.slice(0, 2))}. ${title}\n\n[${file}](${file}) with ${asked}\n\n\`\`\`\n${tableText(shown)}${more}\n\`\`\`\n`;
}

async function renderFor(clickhouse: ClickHouse, snapshot: string | undefined): Promise<Render> {
  if (snapshot === undefined) return (sql) => sql;
  const scope = await openSnapshot(clickhouse, snapshot);
  return (sql) => inSnapshot(sql, scope);
}

async function tellAll(clickhouse: ClickHouse, { write: isWritten, snapshot }: Options): Promise<void> {
  const render = await renderFor(clickhouse, snapshot);
  const answers: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql')).sort()) answers.push(await answer(clickhouse, file, render));
  console.log(answers.join('\n'));
  if (!isWritten) return;
  const readme = join(folder, 'README.md');
  const [introduction = ''] = readFileSync(readme, 'utf8').split(MARK);
  writeFileSync(readme, `${introduction}${MARK}\n\n${answers.join('\n')}`);
}

await program.name('npm run questions --').exitOverride().description('Ask every question of infra/questions with its example values')
  .addOption(new Option('--write', 'write the answers into the README there, too').default(false).conflicts('snapshot'))
  .option('--snapshot <name>', 'ask a snapshot (npm run snapshot): its databases, at its now')
  .action((options: Options) => withClickHouse({ command: 'questions', changes: false }, (clickhouse) => tellAll(clickhouse, options))).parseAsync().catch((error: unknown) => {
    process.exitCode = exitCodeOf(error);
  });
