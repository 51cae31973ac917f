// As many events as a door takes: connections that each send the next request when the last one is answered (closed loop).
// The requests are made before, and of an answer little more than its end is looked for, since the sender shares the machine.
import { once } from 'node:events';
import { connect } from 'node:net';

export interface Load {
  readonly seconds: number;
  readonly tookMs: readonly number[];
  /** By what the answer said: `accepted`, or the status when it was none. */
  readonly answers: Readonly<Record<string, number>>;
}

export const requestOf = (body: string): Buffer =>
  Buffer.from(`POST /webhooks HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

const HEAD_END = '\r\n\r\n';

/** The whole answer at the beginning of a text; null when it is not all there. */
function answerIn(text: string): { readonly said: string; readonly length: number } | null {
  const head = text.indexOf(HEAD_END);
  if (head < 0) return null;
  const length = head + HEAD_END.length + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
  if (text.length < length) return null;
  return { said: /"status":"(\w+)"/.exec(text)?.[1] ?? text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length), length };
}

/** Sends each request once. */
export async function sendAll(port: number, requests: readonly Buffer[], connections: number): Promise<Load> {
  const tookMs: number[] = [];
  const answers: Record<string, number> = {};
  let next = 0;
  const sender = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    await new Promise<void>((resolve, reject) => {
      let [text, sentAt] = ['', 0];
      const send = (): void => {
        const request = requests[next++];
        if (request === undefined) {
          socket.destroy();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on('data', (data: Buffer) => {
        text += data.toString('latin1');
        const answer = answerIn(text);
        if (answer === null) return;
        text = text.slice(answer.length);
        tookMs.push(performance.now() - sentAt);
        answers[answer.said] = (answers[answer.said] ?? 0) + 1;
        send();
      });
      socket.on('error', reject).on('end', () => reject(new Error('the connection was closed')));
      send();
    });
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, sender));
  return { seconds: (performance.now() - began) / 1_000, tookMs, answers };
}
