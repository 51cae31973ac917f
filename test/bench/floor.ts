// The floor of bench ingress: what any receiver of signed webhooks does at the least. It reads the body, parses it, checks
// the HMAC and answers; it keeps nothing. It prints its port.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secretOf } from './stack.ts';

interface Event {
  readonly event_id: string;
  readonly event_type: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly source: { readonly integration_id: string };
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const event = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Event;
    const expected = createHmac('sha256', secretOf(event.source.integration_id)).update(event.event_id + event.event_type + event.timestamp).digest('hex');
    const answer = JSON.stringify({ status: 'accepted', event_id: event.event_id });
    response.writeHead(expected === event.signature ? 200 : 401, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    response.end(answer);
  });
});

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
