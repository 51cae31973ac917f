// JSONEachRowWithProgress as a server sends it: progress comes before the rows that it is about.
// The engine in process writes it after them, as it thinks of files. So before the first row
// this asks the engine how far the query is, or waits for the progress line if it has ended.

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

/** `now` tells the progress of the running query, or nothing if it has ended. */
export async function* progressFirst(chunks: AsyncIterable<Buffer>, now: () => Promise<Progress | undefined>): AsyncGenerator<Buffer, void> {
  const asked: { said: string | undefined; waiting: string[] | undefined } = { said: undefined, waiting: undefined };
  let first = true;
  for await (const lines of linesOf(chunks)) {
    let out = lines;
    if (first) {
      first = false;
      const progress = await now();
      if (progress === undefined) asked.waiting = [];
      else {
        asked.said = progress.read_rows;
        out = [lineOf(progress), ...lines];
      }
    } else out = lines.filter((line) => readRows(line) === undefined || readRows(line) !== asked.said);
    if (asked.waiting === undefined) yield Buffer.from(out.join(''), 'latin1');
    else asked.waiting.push(...out);
  }
  const { waiting } = asked;
  if (waiting === undefined) return;
  // The query had ended, so that what came since was in the pipe already and is small.
  const isProgress = (line: string): boolean => readRows(line) !== undefined;
  yield Buffer.from([...waiting.filter(isProgress), ...waiting.filter((line) => !isProgress(line))].join(''), 'latin1');
}
