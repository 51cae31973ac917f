// What goes back over HTTP. An answer is held until it is complete or fills its buffer, so
// that most errors still get their own status; a later error is written into the body in
// the server's way and the connection is cut, so that no client takes the part for the whole.
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { ServerResponse } from 'node:http';
import type { Transform, Writable } from 'node:stream';
import { BlockPacker } from './blocks/blocks.ts';
import { compressor } from './compression.ts';
import { httpStatus } from './errors.ts';
import type { ClickHouseError } from './errors.ts';

export interface Summary { readonly readRows?: number; readonly readBytes?: number; readonly writtenRows?: number; readonly writtenBytes?: number; readonly resultRows?: number; readonly resultBytes?: number; readonly elapsed: number }

function summaryText(summary: Summary): string {
  const values = {
    read_rows: summary.readRows ?? 0, read_bytes: summary.readBytes ?? 0, written_rows: summary.writtenRows ?? 0, written_bytes: summary.writtenBytes ?? 0,
    total_rows_to_read: 0, result_rows: summary.resultRows ?? 0, result_bytes: summary.resultBytes ?? 0, elapsed_ns: Math.round(summary.elapsed * 1e9),
  };
  return JSON.stringify(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])));
}

const BINARY = /^(Native|RowBinary\w*|Parquet|Arrow|ArrowStream|ORC|Avro|MsgPack|Protobuf\w*|CapnProto|BSONEachRow|RawBLOB|Npy|SQLInsert|Buffers)$/i;

export function contentType(format: string): string {
  if (/^(TSV|TabSeparated)/i.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (/^CSV/i.test(format)) return `text/csv; charset=UTF-8; header=${/WithNames/i.test(format) ? 'present' : 'absent'}`;
  if (/^(JSON\w*EachRow\w*|JSONLines|NDJSON)$/i.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (/^JSON/i.test(format)) return 'application/json; charset=UTF-8';
  if (/^XML$/i.test(format)) return 'application/xml; charset=UTF-8';
  if (/^(Markdown|MD)$/i.test(format)) return 'text/markdown; charset=UTF-8';
  return BINARY.test(format) ? 'application/octet-stream' : 'text/plain; charset=UTF-8';
}

export interface AnswerOptions {
  readonly queryId: string;
  readonly bufferBytes: number;
  /** How the body is packed, errors included: native blocks first, then a coding of HTTP. */
  readonly inBlocks: boolean;
  readonly encoding: 'gzip' | 'deflate' | 'br' | undefined;
  /** Says nothing of what was read: it would tell how many rows there are of others. */
  readonly isDiscreet?: boolean;
  /** A client that takes nothing for so long is cut off: its query holds a place, and while the engine waits for it no limit of time ends it. */
  readonly patienceMs?: number;
}

export class Answer {
  readonly #response: ServerResponse;
  readonly #options: AnswerOptions;
  readonly #tag = randomBytes(8).toString('hex');
  #bufferBytes: number;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #out: Writable | undefined;
  /** The last one that packs; its output goes to the response. */
  #packer: Transform | undefined;

  constructor(response: ServerResponse, options: AnswerOptions) {
    this.#response = response;
    this.#options = options;
    this.#bufferBytes = options.bufferBytes;
    response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
    response.setHeader('X-ClickHouse-Query-Id', options.queryId);
    response.setHeader('X-ClickHouse-Server-Display-Name', hostname());
    response.setHeader('X-ClickHouse-Timezone', 'UTC');
    response.setHeader('X-ClickHouse-Exception-Tag', this.#tag);
  }

  get begun(): boolean {
    return this.#out !== undefined;
  }

  get left(): boolean {
    return this.#response.destroyed;
  }

  onLeft(act: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) act();
    });
  }

  describe(format: string): void {
    this.#response.setHeader('Content-Type', contentType(format));
    this.#response.setHeader('X-ClickHouse-Format', format);
  }

  /** For answers that tell how far the query is: they are read while it runs. */
  beginAtOnce(): void {
    this.#bufferBytes = 0;
  }

  compressedByEngine(encoding: 'zstd' | 'lz4'): void {
    this.#response.setHeader('Content-Encoding', encoding);
  }

  summarize(summary: Summary): void {
    const { elapsed, resultRows = 0 } = summary;
    const told = this.#options.isDiscreet === true ? { elapsed, resultRows } : summary;
    if (!this.#response.headersSent) this.#response.setHeader('X-ClickHouse-Summary', summaryText(told));
  }

  /** Resolves when the client is ready for more; what a client that left would have got is dropped. */
  async write(chunk: Buffer): Promise<void> {
    if (this.left) return;
    if (this.#out === undefined) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes < this.#bufferBytes) return;
    }
    const ready = this.#out === undefined ? this.#begin() : this.#out.write(chunk);
    if (!ready && this.#out !== undefined) await this.#drained(this.#out);
  }

  async #drained(out: Writable): Promise<void> {
    const { patienceMs } = this.#options;
    const timer = patienceMs === undefined ? undefined : setTimeout(() => this.#response.destroy(), patienceMs);
    await new Promise<void>((resolve) => {
      const over = (): void => {
        out.off('drain', over);
        this.#response.off('close', over);
        resolve();
      };
      out.once('drain', over);
      this.#response.once('close', over);
    });
    clearTimeout(timer);
  }

  finish(): void {
    if (this.left) return;
    if (this.#out === undefined) {
      if (this.#heldBytes === 0 || this.#plain) this.#response.setHeader('Content-Length', this.#heldBytes);
      this.#begin();
    }
    this.#out?.end();
  }

  fail(error: ClickHouseError): void {
    if (this.left) return;
    if (this.begun) {
      this.#failMidway(error.message);
      return;
    }
    const body = Buffer.from(`${error.message}\n`);
    this.#held = [body];
    this.#heldBytes = body.length;
    for (const name of ['Content-Encoding', 'X-ClickHouse-Format']) this.#response.removeHeader(name);
    this.#response.setHeader('X-ClickHouse-Exception-Code', error.code);
    this.#response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
    const status = httpStatus(error.code);
    if (status === 401) this.#response.setHeader('WWW-Authenticate', 'Basic realm="ClickHouse server HTTP API"');
    if (this.#plain) this.#response.setHeader('Content-Length', body.length);
    this.#begin(status);
    this.#out?.end();
  }

  /** An error as a row of the answer, which then ends as a complete one. */
  failAsRow(error: ClickHouseError): void {
    const row = Buffer.from(`${JSON.stringify({ exception: error.message })}\n`);
    if (this.left) return;
    if (!this.begun) {
      this.#response.setHeader('X-ClickHouse-Exception-Code', error.code);
      this.#held.push(row);
      this.#begin(httpStatus(error.code));
    } else this.#out?.write(row);
    this.#out?.end();
  }

  get #plain(): boolean {
    return !this.#options.inBlocks && this.#options.encoding === undefined;
  }

  #begin(status = 200): boolean {
    const { inBlocks, encoding } = this.#options;
    const empty = this.#heldBytes === 0 && this.#response.hasHeader('Content-Length');
    const packers: Transform[] = empty ? [] : [...(inBlocks ? [new BlockPacker()] : []), ...(encoding === undefined ? [] : [compressor(encoding)])];
    if (!empty && encoding !== undefined) this.#response.setHeader('Content-Encoding', encoding);
    this.#response.writeHead(status);
    packers.forEach((packer, index) => {
      packer.pipe(packers[index + 1] ?? this.#response);
      this.#response.once('close', () => packer.destroy());
    });
    this.#packer = packers.at(-1);
    this.#out = packers[0] ?? this.#response;
    const held = this.#held;
    this.#held = [];
    let ready = true;
    for (const chunk of held) ready = this.#out.write(chunk);
    return ready;
  }

  /** The last bytes must reach the client, but the answer must not look complete: no closing chunk. */
  #failMidway(message: string): void {
    const text = `${message}\n`;
    const marker = Buffer.from(`\r\n__exception__\r\n${this.#tag}\r\n${text}${Buffer.byteLength(text)} ${this.#tag}\r\n__exception__\r\n`);
    const cut = (): unknown => this.#response.socket?.end();
    if (this.#packer === undefined) {
      this.#response.write(marker, cut);
      return;
    }
    // Unpiped, the packer's end no longer ends the response as a complete one.
    this.#packer.unpipe(this.#response);
    let last = Promise.resolve();
    this.#packer.on('data', (chunk: Buffer) => {
      last = new Promise((written) => this.#response.write(chunk, () => written()));
    });
    this.#packer.once('end', () => void last.then(cut));
    this.#packer.resume();
    this.#out?.end(marker);
  }
}
