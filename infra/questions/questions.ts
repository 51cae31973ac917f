// npm run questions: asks every analyst question of this folder with the example
// values of its header and prints the answers; with --write also into the README beside them.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from 'commander';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { tableText } from '../demo/report.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { examplesOf, parametersOf } from './examples.ts';

type Cell = string | number | boolean | null;

const folder = fileURLToPath(new URL('.', import.meta.url));
const ROWS_SHOWN = 8;
const MARK = '<!-- Below: npm run questions -- --write, after npm run demo. -->';

/** Shares with 15 digits are hard to read. */
const rounded = (cell: Cell): Cell => (typeof cell === 'number' && !Number.isInteger(cell) ? Number(cell.toFixed(4)) : cell);

async function answer(clickhouse: ClickHouse, file: string): Promise<string> {
  const sql = readFileSync(join(folder, file), 'utf8');
  const title = sql.split('\n', 1)[0]?.replace(/^-- \d+\. /, '') ?? file;
  const examples = examplesOf(sql);
  const rows = await clickhouse.query<Record<string, Cell>>(sql, parametersOf(examples));
  const shown = rows.slice(0, ROWS_SHOWN).map((row) => Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, rounded(cell)])));
  const more = rows.length > shown.length ? `\n… ${rows.length - shown.length} more rows` : '';
  const asked = Object.entries(examples).map(([name, value]) => `${name} = ${value}`).join(', ');
  return `## ${Number(file.slice(0, 2))}. ${title}\n\n[${file}](${file}) with ${asked}\n\n\`\`\`\n${tableText(shown)}${more}\n\`\`\`\n`;
}

async function tellAll(clickhouse: ClickHouse, isWritten: boolean): Promise<void> {
  const answers: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql')).sort()) answers.push(await answer(clickhouse, file));
  console.log(answers.join('\n'));
  if (!isWritten) return;
  const readme = join(folder, 'README.md');
  const [introduction = ''] = readFileSync(readme, 'utf8').split(MARK);
  writeFileSync(readme, `${introduction}${MARK}\n\n${answers.join('\n')}`);
}

await program.name('npm run questions --').description('Ask every question of infra/questions with its example values')
  .option('--write', 'write the answers into the README there, too', false)
  .action(({ write }: { write: boolean }) => withClickHouse({ command: 'questions', changes: false }, (clickhouse) => tellAll(clickhouse, write))).parseAsync().catch(endWithMessage);
