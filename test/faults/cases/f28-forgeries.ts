// Signatures and requests as nobody honest sends them. Each is answered 4xx or cut off, none is kept, and those who are honest
// are served meanwhile.
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { defineFault, type Scene } from '../harness/fault.ts';
import type { Request, Sent } from '../harness/history.ts';
import type { Random } from '../../../infra/demo/random.ts';
import { signatureOf, signed, ticketStory, type Draft } from '../harness/story.ts';

type Forge = (signature: string, random: Random) => unknown;

const signatures: Readonly<Record<string, Forge>> = {
  empty: () => '',
  'one digit short': (text) => text.slice(1),
  'one digit long': (text) => `${text}0`,
  'one bit off': (text) => text.replace(/^./, (digit) => (Number.parseInt(digit, 16) ^ 1).toString(16)),
  'no hex': (text) => text.replace(/^../, 'zz'),
  'wide characters whose low bytes are the digits': (text) => text.replaceAll(/./g, (digit) => String.fromCharCode(digit.charCodeAt(0) + 0x100)),
  base64: (text) => Buffer.from(text, 'hex').toString('base64'),
  'all zeros': () => '0'.repeat(64),
  random: (_, random) => Array.from({ length: 64 }, () => random.int(0, 15).toString(16)).join(''),
  'fifty of them': (text) => Array.from({ length: 50 }, () => text.replace(/^./, 'x')).join(' '),
  'with a line break': (text) => `${text}\r\n`,
  'a list': (text) => [text],
  'a number': () => 0,
  nothing: () => null,
  'an object': (text) => ({ toString: text }),
};

/** The event with another signature than its own. */
function withSignature(event: Sent, forge: Forge, random: Random): Sent {
  const body = JSON.parse(event.body) as Record<string, unknown>;
  return { ...event, isForged: true, body: JSON.stringify({ ...body, signature: forge(String(body['signature']), random) }) };
}

/** Signed, by somebody else or for something else. */
const strangers = (draft: Draft): Sent[] => [
  signed(draft, 'nobody’s secret'),
  signed(draft, `${draft.integrationId}-secret `),
  signed({ ...draft, integrationId: 'nobody' }),
  (() => {
    const [own, later] = [signed(draft), new Date(draft.at + 1).toISOString()];
    return { ...own, body: own.body.replace(own.timestamp, later) };
  })(),
].map((event) => ({ ...event, isForged: true }));

/** Bytes on a bare connection; what comes back. */
function raw(url: string, pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), timeout: 15_000 });
    socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')));
    socket.on('close', () => resolve(answer)).on('error', () => resolve(answer)).on('timeout', () => socket.destroy());
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
}

const head = (more: string): string => `POST /webhooks HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\n${more}\r\n`;

/** Requests that are no webhook, by what they are. */
const broken = (event: Sent): Readonly<Record<string, readonly (string | Buffer)[]>> => ({
  'a gzip bomb': [head('Content-Encoding: gzip\r\nContent-Length: 2048\r\n'), gzipSync(Buffer.alloc(50_000_000)).subarray(0, 2_048)],
  'more than a megabyte in chunks': [head('Transfer-Encoding: chunked\r\n'), ...Array.from({ length: 20 }, () => `10000\r\n${'a'.repeat(65_536)}\r\n`), '0\r\n\r\n'],
  'two lengths': [head('Content-Length: 5\r\nContent-Length: 6\r\n'), '{"a":1}'],
  'length and chunks': [head(`Content-Length: ${event.body.length}\r\nTransfer-Encoding: chunked\r\n`), event.body],
  'a header of 100 KB': [head(`X-Long: ${'x'.repeat(100_000)}\r\nContent-Length: 2\r\n`), '{}'],
  'no JSON': [head('Content-Length: 3\r\n'), 'abc'],
  'half of it': [head(`Content-Length: ${event.body.length}\r\n`), event.body.slice(0, -5)],
});

function expectRefused({ fail }: Scene, what: string, { event, status, outcome }: Request): void {
  if (outcome !== 'fail') fail('I8', `${what} was answered ${status}`, [event.eventId]);
}

export default defineFault({
  id: 'F28',
  title: 'forged signatures, other people’s secrets, and requests that no honest client sends: 4xx, nothing kept, others served',
  times: { small: 1, full: 20 },
  recovers: false,
  inject: async (scene, turn) => {
    const { stack, integrationId, seed, random, send, fail } = scene;
    const event = (mark: string): Sent[] => ticketStory({ integrationId, seed: `${seed}/${turn}/${mark}`, events: 1 });
    for (const [what, forge] of Object.entries(signatures)) for (const own of event(what)) expectRefused(scene, `a signature, ${what},`, await send(withSignature(own, forge, random)));
    for (const own of event('strangers')) {
      const { payload } = JSON.parse(own.body) as { payload: Record<string, unknown> };
      for (const forged of strangers({ ...own, at: Date.parse(own.timestamp), payload })) expectRefused(scene, 'what a stranger signed', await send(forged));
    }
    for (const own of event('other type')) expectRefused(scene, 'a signature of another type', await send({ ...own, isForged: true, body: own.body.replace(/"signature":"[^"]*"/, `"signature":"${signatureOf(`${integrationId}-secret`, own.eventId, 'status.changed', own.timestamp)}"`) }));
    for (const own of event('broken')) {
      const answers = await Promise.all(Object.entries(broken(own)).map(async ([what, pieces]) => [what, await raw(stack.get('ingress').url, pieces)] as const));
      for (const [what, answer] of answers) if (answer !== '' && !/^HTTP\/1\.1 4\d\d /.test(answer)) fail('I8', `${what} was answered ${answer.slice(0, 40)}`, [own.eventId]);
    }
  },
});
