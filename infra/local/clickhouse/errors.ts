// Errors as a ClickHouse server words them: code, text, HTTP status. The engine in process
// leaves out the version, repeats the code when it wraps an error, and names our transit
// files; all of that is put right here and nowhere else. The status map is the server's.

export class ClickHouseError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Builds the server's one-line wording, e.g. `failure(164, 'READONLY', 'Cannot …')`. */
export function failure(code: number, symbol: string, text: string): ClickHouseError {
  return new ClickHouseError(code, `Code: ${code}. DB::Exception: ${text} (${symbol})`);
}

/** `Code: 33. DB::Exception: Code: 33. DB::Exception: text. (NAME) (version 26.7.2.1). (NAME)` → said once. */
const WRAPPED = /^Code: \d+\. DB::Exception: (Code: \d+\. DB::Exception: .*?)(?: \(version [^()]*\))?\. \([A-Z_0-9]+\)\s*$/s;
/** `std::exception. Code: 1001, … e.what() = text (version 26.7.2.1). (STD_EXCEPTION)`: the version goes to the end. */
const INNER_VERSION = / \(version [\d.]+\)(?=\. \([A-Z_0-9]+\)\s*$)/;
const TRANSIT_FILE = /: \(in file\/uri [^)]*\)|: While reading from: \S+|: While executing File: data for INSERT was parsed from file/g;

export function fromEngine(error: unknown, version: string): ClickHouseError {
  const raw = error instanceof Error ? error.message : String(error);
  const once = (WRAPPED.exec(raw)?.[1] ?? raw).replace(INNER_VERSION, '').replace(TRANSIT_FILE, '');
  const code = Number(/^Code: (\d+)\./.exec(once)?.[1] ?? 1002);
  const text = code === 1002 && !once.startsWith('Code:') ? `Code: 1002. DB::Exception: ${once} (UNKNOWN_EXCEPTION)` : once;
  return new ClickHouseError(code, `${text.trimEnd()} (version ${version} (chDB))`);
}

const STATUS_OF_CODES: readonly (readonly [status: number, codes: readonly number[]])[] = [
  [400, [6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676]],
  [401, [194]],
  [403, [192, 193, 497, 512, 516]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511]],
  [408, [159]],
  [411, [381]],
  [413, [229]],
  [415, [779]],
  [501, [48]],
  [503, [76, 209, 439]],
];
const STATUS = new Map(STATUS_OF_CODES.flatMap(([status, codes]) => codes.map((code) => [code, status] as const)));

export function httpStatus(code: number): number {
  return STATUS.get(code) ?? 500;
}
