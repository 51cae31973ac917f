// ClickHouse as seen through a bad day of HTTP: answers that lie about an insert, one way or the other, and inserts that arrive
// after their own retry. Everything but inserts passes as it is.
import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';

export const insertFaults = {
  'exception in the header of a 200, nothing written': { forwards: 'no', answer: 'exception header' },
  'exception in the header of a 200, written': { forwards: 'first', answer: 'exception header' },
  'reset after the whole body, nothing written': { forwards: 'no', answer: 'reset' },
  'reset after the whole body, written': { forwards: 'first', answer: 'reset' },
  '500 after the commit': { forwards: 'first', answer: '500' },
  'too many simultaneous queries (202)': { forwards: 'no', answer: '202' },
  'read only (164)': { forwards: 'no', answer: '164' },
  'table is read only (242)': { forwards: 'no', answer: '242' },
  'reset, written after its own retry': { forwards: 'late', answer: 'reset' },
} as const;

export type InsertFault = keyof typeof insertFaults;

const LATE_MS = 1_500;

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class ClickHouseProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #target: string;
  #fault: InsertFault | null = null;
  #left = 0;
  /** Inserts that met a fault. */
  met = 0;

  private constructor(server: Server, target: string) {
    this.#server = server;
    this.#target = target;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async open(target: string): Promise<ClickHouseProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ClickHouseProxy(server, target);
  }

  /** The next so many inserts meet the fault. */
  next(fault: InsertFault, times = 1): void {
    [this.#fault, this.#left] = [fault, times];
  }

  heal(): void {
    this.#left = 0;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const isInsert = /^\s*INSERT\s/i.test(new URL(request.url ?? '/', 'http://proxy').searchParams.get('query') ?? '') || /^\s*INSERT\s/i.test(body.subarray(0, 20).toString());
    if (!isInsert || this.#left === 0 || this.#fault === null) {
      const answer = await this.#pass(request, body);
      response.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    this.#left -= 1;
    this.met += 1;
    const { forwards, answer } = insertFaults[this.#fault];
    if (forwards === 'first') await this.#pass(request, body);
    if (forwards === 'late') void sleep(LATE_MS).then(() => this.#pass(request, body)).catch(() => undefined);
    misanswer(response, answer);
  }

  #pass({ method, url = '/', headers }: IncomingMessage, body: Buffer): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const sent = httpRequest(new URL(url, this.#target), { method, headers: { ...whole(headers), 'content-length': body.length } }, (answer) => {
        buffer(answer).then((text) => {
          resolve({ status: answer.statusCode ?? 502, headers: { ...whole(answer.headers), 'content-length': String(text.length) }, body: text });
        }, reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** Of a body that is not in chunks any more. */
const whole = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'transfer-encoding'));

const exceptions = {
  '202': 'Code: 202. DB::Exception: Too many simultaneous queries. Maximum: 1. (TOO_MANY_SIMULTANEOUS_QUERIES)',
  '164': 'Code: 164. DB::Exception: default: Cannot execute query in readonly mode. (READONLY)',
  '242': 'Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY)',
} as const;

function misanswer(response: ServerResponse, answer: (typeof insertFaults)[InsertFault]['answer']): void {
  switch (answer) {
    case 'exception header':
      response.writeHead(200, { 'x-clickhouse-exception-code': '241' }).end('Code: 241. DB::Exception: Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)\n');
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case '500':
      response.writeHead(500).end('Code: 209. DB::Exception: Timeout exceeded. (SOCKET_TIMEOUT)\n');
      return;
    case '202':
    case '164':
    case '242':
      response.writeHead(500, { 'x-clickhouse-exception-code': answer }).end(`${exceptions[answer]}\n`);
  }
}
