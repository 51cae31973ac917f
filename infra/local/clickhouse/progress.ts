// JSONEachRowWithProgress as a server sends it: progress from the beginning, before the rows that
// it is about. The engine in process, which thinks of files, writes none before the first row. So
// until that comes this asks the engine how far the query is; if the query has ended before it
// could be asked, its one progress line is moved to the front.
import { setTimeout as delay } from 'node:timers/promises';

export interface Progress { readonly read_rows: string; readonly read_bytes: string; readonly total_rows_to_read: string; readonly elapsed_ns: string }

const MARK = '{"progress":';

function lineOf(progress: Progress): string {
  return `${MARK}${JSON.stringify(progress)}}\n`;
}

/** Splits into whole lines; lines are never cut, so a progress line is always seen as one. */
async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string[], void> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines.map((line) => `${line}\n`);
  }
  if (rest !== '') yield [rest];
}

function readRows(line: string): string | undefined {
  return line.startsWith(MARK) ? /"read_rows":"(\d+)"/.exec(line)?.[1] : undefined;
}

const FIRST_QUESTION_MS = 20;
/** As interactive_delay of a server. */
const NEXT_QUESTION_MS = 100;

/** The progress of a query that gives no rows yet, whenever there is some. */
async function* untilRows(rows: Promise<unknown>, now: () => Promise<Progress | undefined>): AsyncGenerator<Progress, void> {
  let last = '0';
  for (let pause = FIRST_QUESTION_MS; await Promise.race([rows.then(() => false), delay(pause, true)]); pause = NEXT_QUESTION_MS) {
    const progress = await now();
    if (progress !== undefined && progress.read_rows !== last) yield progress;
    last = progress?.read_rows ?? last;
  }
}

/** `now` tells the progress of the running query, or nothing if it has read nothing or has ended. */
export async function* progressFirst(chunks: AsyncIterable<Buffer>, now: () => Promise<Progress | undefined>): AsyncGenerator<Buffer, void> {
  const batches = linesOf(chunks);
  let next = batches.next();
  next.catch(() => undefined);
  let told: string | undefined;
  for await (const progress of untilRows(next, now)) {
    told = progress.read_rows;
    yield Buffer.from(lineOf(progress));
  }
  const atRows = told === undefined ? await now() : undefined;
  if (atRows !== undefined) yield Buffer.from(lineOf(atRows));
  told ??= atRows?.read_rows;
  const late: string[] = [];
  for (let batch = await next; batch.done !== true; batch = await next) {
    const lines = batch.value.filter((line) => told === undefined || readRows(line) !== told);
    // Nothing told: the query had ended, so that what is left was in the pipe already and is small.
    if (told === undefined) late.push(...lines);
    else yield Buffer.from(lines.join(''), 'latin1');
    next = batches.next();
  }
  const isProgress = (line: string): boolean => readRows(line) !== undefined;
  yield Buffer.from([...late.filter(isProgress), ...late.filter((line) => !isProgress(line))].join(''), 'latin1');
}
