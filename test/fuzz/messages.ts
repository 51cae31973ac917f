// What is no HTTP/1.1, or two readings of it: bytes bent, lengths that contradict, chunks that lie, lines that end elsewhere.
import type { Choices } from './random.ts';
import { fuzzedRequest, toBytes, type Sender } from './requests.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const head = (...lines: readonly string[]): string => `${['POST /webhooks HTTP/1.1', 'host: door', 'content-type: application/json', ...lines].join('\r\n')}\r\n\r\n`;

/** Each makes one of a choice of numbers; what is between them is anybody's. */
const makers: readonly ((choices: Choices) => string)[] = [
  (choices) => `${head(`content-length: ${choices.pick(['-1', '+5', '0x10', '5, 5', '5,6', '1e3', '99999999999999999999', ' ', '5 5', '\u00b2'])}`)}hello`,
  () => `${head('content-length: 5', 'content-length: 6')}hello!`,
  (choices) => `${head('content-length: 5', `transfer-encoding: ${choices.pick(['chunked', 'Chunked', 'chunked ', 'xchunked', 'identity, chunked', '\x0bchunked'])}`)}0\r\n\r\nGET /metrics HTTP/1.1\r\nhost: x\r\n\r\n`,
  (choices) => `${head('transfer-encoding: chunked')}${choices.pick(['-1', '0x5', '5 ', ' 5', 'ffffffffffffffff', 'g', '', '5;a=b', `5;${'x'.repeat(20_000)}`])}\r\nhello\r\n0\r\n\r\n`,
  (choices) => `${head('transfer-encoding: chunked')}5\r\nhello${choices.pick(['', '\n', '\r', 'x', '\r\n'])}0\r\n${choices.pick(['', 'trailer: x', 'x'.repeat(20_000)])}\r\n\r\n`,
  (choices) => head('content-length: 2').replaceAll('\r\n', choices.pick(['\n', '\r', '\r\r\n', '\n\r', '\u0085'])) + '{}',
  (choices) => `${choices.pick(['PRI * HTTP/2.0', 'GET / HTTP/9.9', 'GET / HTTP/1.1.1', 'GET /', 'GET', '', ' ', 'GET  /  HTTP/1.1', '\0GET / HTTP/1.1', 'GET /\0 HTTP/1.1', 'CONNECT x:80 HTTP/1.1', 'GET http://[::1 HTTP/1.1', 'get / http/1.1', `${'A'.repeat(5_000)} / HTTP/1.1`])}\r\nhost: door\r\n\r\n`,
  (choices) => head(`${choices.pick(['x y', 'x:', ':', '', ' folded', '\tfolded', 'x\0', 'x\u00e9', 'content-length : 2', 'host: other', 'transfer-encoding'])}: value`, 'content-length: 2') + '{}',
  (choices) => head(...Array.from({ length: choices.pick([50, 2_001, 3_000]) }, (_, at) => `x-${at}: y`)),
  (choices) => `${head('content-length: 2')}{}${choices.pick(['garbage', 'POST', '\r\n\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n'])}`,
  (choices) => head('content-length: 2').concat('{}').repeat(choices.pick([2, 40, 120])),
  () => head('content-length: 100') + '{"cut',
  (choices) => head('content-length: 2', 'connection: upgrade, http2-settings', `upgrade: ${choices.pick(['websocket', 'h2c', 'TLS/1.2'])}`, 'http2-settings: AAMAAABkAARAAAAAAAIAAAAA') + '{}',
  // What proxies and servers have read in two ways.
  (choices) => `${head(choices.pick(['transfer-encoding : chunked', 'transfer-encoding: chunked\r\ntransfer-encoding: identity', 'transfer-encoding: gzip, chunked', 'transfer-encoding:\tchunked', 'x: y\r\n transfer-encoding: chunked', 'content-length:\r\n 2', 'content-length: 2\r\ncontent-length: 2']))}2\r\n{}\r\n0\r\n\r\n`,
  (choices) => `${head('transfer-encoding: chunked').replace('HTTP/1.1', choices.pick(['HTTP/1.0', 'HTTP/1.1']))}${choices.pick(['2;a\n{}\r\n', '2;a="\r\nx"\r\n{}\r\n', '1;\r\n{\r\n'.repeat(500), '2\n{}\n'])}0\r\n${choices.pick(['', 'content-length: 9\r\n', 'transfer-encoding: chunked\r\n'])}\r\n`,
  (choices) => head(`expect: ${choices.pick(['100-continue', '200-ok'])}`, `content-length: ${choices.pick(['2', '99999999'])}`).replace('/webhooks', choices.pick(['/webhooks', 'http://else.where/webhooks', 'ftp://else.where/', '*', '//webhooks', '\\webhooks'])) + '{}',
  (choices) => '\r\n'.repeat(choices.pick([1, 50_000])) + head('content-length: 2') + '{}',
];

/** The beginning of a TLS connection, at a door that speaks none. */
const CLIENT_HELLO = Buffer.from('16030100a5010000a10303', 'hex');

function bent(choices: Choices, whole: Buffer): Buffer {
  const at = choices.below(Math.min(whole.length, 400));
  const kind = choices.below(4);
  if (kind === 0) return Buffer.concat([whole.subarray(0, at), choices.bytes(1 + choices.below(8)), whole.subarray(at)]);
  if (kind === 1) return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1 + choices.below(20))]);
  if (kind === 2) return whole.subarray(0, at);
  const changed = Buffer.from(whole);
  for (let times = 0; times < 4; times++) changed[choices.below(Math.min(changed.length, 400))] = choices.below(256);
  return changed;
}

export function malformedMessage(choices: Choices, sender: Sender): Buffer {
  const kind = choices.below(10);
  if (kind < 5) return latin1(choices.pick(makers)(choices));
  if (kind < 9) return bent(choices, toBytes(fuzzedRequest(choices, sender)));
  return choices.chance(0.5) ? Buffer.concat([CLIENT_HELLO, choices.bytes(150)]) : choices.bytes(1 + choices.below(300));
}
