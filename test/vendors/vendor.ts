// What servers that speak a vendor's protocol share: what was asked, and faults that a test puts before the next answers.
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Said though it was done. */
  readonly isAfterEffect?: boolean;
}

/** An answer instead of the vendor's own; or what a network does: `lost` comes after the effect, `refused` before it, `silent` never answers. */
export type Fault = Answer | 'lost' | 'refused' | 'silent';

export interface Vendor {
  readonly url: string;
  readonly asked: Asked[];
  /** For the next requests, in order. */
  readonly faults: Fault[];
  /** Called when a request has come; may say what becomes of it. */
  readonly hooks: { onAsked?: (asked: Asked) => Fault | undefined };
  readonly close: () => Promise<void>;
}

export async function openVendor(answerTo: (asked: Asked) => Answer, port = 0): Promise<Vendor> {
  const asked: Asked[] = [];
  const faults: Fault[] = [];
  const hooks: Vendor['hooks'] = {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
      asked.push(one);
      const fault = hooks.onAsked?.(one) ?? faults.shift();
      if (fault === 'silent') return;
      if (fault === 'refused') return void request.socket.destroy();
      const own = typeof fault === 'object' && fault.isAfterEffect !== true ? null : answerTo(one);
      const { status, body, headers } = typeof fault === 'object' ? fault : own ?? { status: 500 };
      if (fault === 'lost') return void request.socket.destroy();
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body === undefined ? '' : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    asked, faults, hooks,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

export const jsonOf = (body: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
};
