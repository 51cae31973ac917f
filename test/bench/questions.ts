// npm run bench -- questions: how long each question of infra/questions takes for a tenant of 50,000 tickets and for the
// largest one, over the two weeks of its example and over the whole history.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../../infra/local/settings.ts';
import { examplesOf, parametersOf } from '../../infra/questions/examples.ts';
import type { ClickHouse } from '../../services/runtime/clickhouse.ts';
import { figure, median } from './figures.ts';
import { fillFacts, fillTimelines } from './history.ts';
import { headOf, headText } from './machine.ts';
import { table, writeSection, type Row } from './results.ts';
import { withStack } from './stack.ts';

export interface QuestionsOptions {
  readonly tickets: number;
  readonly rounds: number;
  readonly command: string;
  readonly checkout: string;
}

export const folder = join(projectDir, 'infra', 'questions');
const tenants = [{ id: 'bench-50k', targetMs: 300 }, { id: 'bench-large', targetMs: 2_000 }] as const;

/** Of history.sql; a question that asks by the week begins with a Monday. */
const whole = { from: '2025-12-29 00:00:00', to: '2026-04-13 00:00:00' };

export function overAll(examples: Readonly<Record<string, string>>): Readonly<Record<string, string>> | null {
  if (examples['from'] === undefined) return null;
  const isDate = examples['from'].length === 10;
  return { ...examples, ...Object.fromEntries(Object.entries(whole).map(([name, at]) => [name, isDate ? at.slice(0, 10) : at])) };
}

/** @returns milliseconds of the middle one, the first not counted: it loads what later ones find in caches. */
export async function timeOf(clickhouse: ClickHouse, sql: string, examples: Readonly<Record<string, string>>, rounds: number): Promise<number | null> {
  const took: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const began = performance.now();
    await clickhouse.query(sql, parametersOf(examples));
    if (round > 0) took.push(performance.now() - began);
  }
  return median(took);
}

const beside = (ms: number | null, targetMs: number): string => `${figure(ms)}${ms !== null && ms > targetMs ? ' ✗' : ''}`;

async function rowOf(clickhouse: ClickHouse, file: string, rounds: number): Promise<Row> {
  const sql = readFileSync(join(folder, file), 'utf8');
  const examples = examplesOf(sql);
  const row: Record<string, string> = { question: file.replace('.sql', '') };
  for (const { id, targetMs } of tenants) {
    const own = { ...examples, integration: id };
    const all = overAll(own);
    row[`${id}, its example`] = beside(await timeOf(clickhouse, sql, own, rounds), targetMs);
    row[`${id}, all 15 weeks`] = all === null ? '' : beside(await timeOf(clickhouse, sql, all, rounds), targetMs);
  }
  console.error(Object.values(row).join(' · '));
  return row;
}

export async function questions({ tickets, rounds, command, checkout }: QuestionsOptions): Promise<void> {
  const head = headOf('Questions: how long an answer takes', command);
  await withStack(checkout, async (stack) => {
    const { clickhouse } = stack;
    const events = await fillTimelines(clickhouse, tickets);
    await fillFacts(stack);
    const sizes = await clickhouse.query<{ id: string; n: number }>("SELECT integration_id AS id, count() AS n FROM queue.tickets WHERE integration_id IN ('bench-50k', 'bench-large') GROUP BY id ORDER BY id");
    const rows: Row[] = [];
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.sql')).sort()) rows.push(await rowOf(clickhouse, file, rounds));
    await writeSection('questions', `${await headText(head, [stack])}

${figure(tickets)} tickets, ${figure(events)} events; ${sizes.map(({ id, n }) => `${id} has ${figure(n)} tickets`).join(', ')}. Milliseconds from the client's side, the middle of ${rounds} after a
first one. Targets: ≤ ${tenants.map(({ id, targetMs }) => `${figure(targetMs)} for ${id}`).join(', ≤ ')}; ✗ where missed. Questions without a period look at everything anyway.

${table(rows)}
`);
  });
}
