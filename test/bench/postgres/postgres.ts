// npm run bench -- postgres: the reports that Chatwoot makes of its tables in PostgreSQL, beside the same questions to our views, of one
// history, by turns; and whether both say the same.
import { figure, medianAndRange, median } from '../figures.ts';
import { fillFacts, fillTimelines } from '../history.ts';
import { headOf, headText } from '../machine.ts';
import { table, writeSection, type Row } from '../results.ts';
import { withStack, type BenchStack } from '../stack.ts';
import { accountOf, fillPostgres } from './fill.ts';
import { reports, type Report } from './reports.ts';
import { Postgres } from './server.ts';

export interface PostgresOptions {
  readonly tickets: number;
  readonly rounds: number;
  readonly command: string;
  readonly checkout: string;
}

const periods = [
  { name: 'two weeks', from: '2026-03-02 00:00:00', to: '2026-03-16 00:00:00' },
  { name: 'all 15 weeks', from: '2025-12-29 00:00:00', to: '2026-04-13 00:00:00' },
] as const;
type Period = (typeof periods)[number];

interface Asked {
  readonly rows: readonly string[];
  readonly ms: number;
}

const filled = (sql: string, integration: string, { from, to }: Period): string =>
  Object.entries({ account: String(accountOf[integration]), integration, from, to }).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), sql);

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Twice in one session: the first time fills the caches of tables and plans. */
async function askPostgres(postgres: Postgres, sql: string): Promise<Asked> {
  const printed = lines(await postgres.run(sql, '\\timing on', sql));
  const rows = printed.filter((line) => !line.startsWith('Time: '));
  return { rows: rows.slice(rows.length / 2), ms: Number(/^Time: ([\d.]+) ms/.exec(printed.at(-1) ?? '')?.[1]) };
}

async function askClickHouse(stack: BenchStack, sql: string): Promise<Asked> {
  const ask = async (): Promise<string> => {
    const answer = await fetch(stack.clickhouseUrl, { method: 'POST', body: `${sql} FORMAT TabSeparated` });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text;
  };
  await ask();
  const began = performance.now();
  const text = await ask();
  return { rows: lines(text.replaceAll('\\N', '')), ms: performance.now() - began };
}

/** Averages are the same to a millionth. */
function same(a: readonly string[], b: readonly string[]): boolean {
  const cells = (rows: readonly string[]): string[] => rows.flatMap((row) => row.split('\t'));
  const [left, right] = [cells(a), cells(b)];
  return a.length === b.length && left.length === right.length && left.every((cell, index) => {
    const other = right[index] ?? '';
    return cell === other || Math.abs(Number(cell) - Number(other)) <= 1e-6 * Math.abs(Number(cell));
  });
}

async function rowOf(sides: { stack: BenchStack; postgres: Postgres }, report: Report, { integration, period, rounds }: { integration: string; period: Period; rounds: number }): Promise<Row> {
  const took: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  let agree = true;
  for (let round = 0; round < rounds; round++) {
    const theirs = await askPostgres(sides.postgres, filled(report.postgres, integration, period));
    const ours = await askClickHouse(sides.stack, filled(report.clickhouse, integration, period));
    took.ours.push(ours.ms);
    took.theirs.push(theirs.ms);
    agree &&= same(theirs.rows, ours.rows);
    if (!agree && round === 0) console.error(`${report.name}, ${integration}: PostgreSQL says ${theirs.rows.slice(0, 3).join(' | ')}, we say ${ours.rows.slice(0, 3).join(' | ')}`);
  }
  const row = {
    report: report.name, of: `${integration}, ${period.name}`, 'PostgreSQL ms': medianAndRange(took.theirs), 'ours ms': medianAndRange(took.ours),
    'PostgreSQL to ours': `${figure((median(took.theirs) ?? 0) / (median(took.ours) ?? 1))} ×`, 'same rows': agree ? 'yes' : 'no',
  };
  console.error(Object.values(row).join(' · '));
  return row;
}

export async function postgres({ tickets, rounds, command, checkout }: PostgresOptions): Promise<void> {
  const head = headOf('Reports beside PostgreSQL with Chatwoot’s tables', command);
  await withStack(checkout, async (stack) => {
    const events = await fillTimelines(stack.clickhouse, tickets);
    await fillFacts(stack);
    const server = await Postgres.start();
    try {
      await fillPostgres(stack, server);
      const [sizes = ''] = lines(await server.run("SELECT (SELECT count(*) FROM conversations), (SELECT count(*) FROM messages), (SELECT count(*) FROM reporting_events), pg_size_pretty(pg_database_size('postgres'))"));
      const [conversations = '', messages = '', reportingEvents = '', size = ''] = sizes.split('\t');
      const rows: Row[] = [];
      for (const integration of Object.keys(accountOf)) {
        for (const period of periods) for (const report of reports) rows.push(await rowOf({ stack, postgres: server }, report, { integration, period, rounds }));
      }
      await writeSection('postgres', `${await headText(head, [stack])} ${server.version}.

${figure(tickets)} tickets, ${figure(events)} events, in PostgreSQL as Chatwoot would have written them meanwhile: ${figure(Number(conversations))} conversations, ${figure(Number(messages))} messages,
${figure(Number(reportingEvents))} reporting events, ${size} with Chatwoot's indexes. A quarter of the machine's memory is PostgreSQL's (shared_buffers), work_mem 64 MB, one worker a core, tables vacuumed and analysed.
${rounds} rounds by turns, each asked twice in one session, the second time counted, from the client's side. Chatwoot keeps its durations when something happens, by the clock; our facts are
computed of all events, so a late one or another calendar changes what is asked. What Chatwoot's tables can't say is not here: a past backlog, business hours of another calendar, open tickets in a
resolution time, timers, handovers, time by status. Its first response is the sender's and its reply time the assignee's, as asked here of ours. Without its newer daily sums, which know no other zone or filter.

${table(rows)}
`);
    } finally {
      await server.stop();
    }
  });
}
