// Turns the JSON log lines of the services into lines for a person: only warnings and errors, with
// the service's name in front, and no more than a few at a time. The whole log is in the log files.

const shownLevels: readonly string[] = ['warn', 'error', 'fatal'];
/** What the reader of one console doesn't need beside each message. */
const leftOut: readonly string[] = ['level', 'time', 'service', 'msg', 'pid', 'hostname'];

/** The readable form of one line, or undefined when it isn't worth showing. */
export function readableLine(name: string, line: string): string | undefined {
  const entry = parseEntry(line);
  // Not JSON: a crash of Node itself, a stray console.log.
  if (entry === undefined) return line.trim() === '' ? undefined : `[${name}] ${line}`;
  const level = String(entry['level']);
  if (!shownLevels.includes(level)) return undefined;
  const details = Object.entries(entry)
    .filter(([field]) => !leftOut.includes(field))
    .map(([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [`[${name}] ${level}: ${String(entry['msg'])}`, ...details].join(' ');
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export interface LinePrinterOptions {
  print: (line: string) => void;
  now: () => number;
  logFile: string;
}

/** Shows at most five lines in ten seconds: a broker that is down makes thousands. */
export function linePrinter(name: string, { print, now, logFile }: LinePrinterOptions): (line: string) => void {
  const most = 5;
  const withinMs = 10_000;
  let windowStart = now();
  let shown = 0;
  let hidden = 0;
  return (line) => {
    const readable = readableLine(name, line);
    if (readable === undefined) return;
    if (now() - windowStart > withinMs) {
      if (hidden > 0) print(`[${name}] … and ${hidden} more warnings, in ${logFile}`);
      windowStart = now();
      shown = 0;
      hidden = 0;
    }
    if (shown < most) print(readable);
    else hidden += 1;
    shown += 1;
  };
}
