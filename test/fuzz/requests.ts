// Well-formed HTTP with anything in it: paths, headers, bodies; signed or not, whole events and broken ones.
import { createHmac } from 'node:crypto';
import type { Choices } from './random.ts';

export interface Sender {
  readonly integrationId: string;
  readonly secret: string;
  /** In every text of a message, and nowhere else: what must be in no log. */
  readonly mark: string;
}

export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

const METHODS = ['POST', 'POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'PROPFIND'];
const TYPES = ['ticket.created', 'message.received', 'status.changed', 'agent.assigned', 'escalation.fired', 'unheard.of', ''];
const CONTENT_TYPES = ['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.api+json', 'text/plain', 'application/json, text/html', '', '/', ';;;', 'application/json;charset=\u00ff'];
const ENCODINGS = ['gzip', 'identity', 'br', 'x'.repeat(300), ''];
const NUMBERS = ['0', '-0', '1e400', '-1e-400', '9007199254740993', '0.1e1', '1.00000000000000000001', '1'.repeat(400), '4503599627370495', '-1001987654321'];
const TIMES = ['2026-03-02T09:00:00.000Z', '2026-03-02 09:00:00z', '1969-12-31T23:59:60Z', '2026-02-30T00:00:00Z', '+275760-09-13T00:00:00Z', 'now', '', '0'];
const ODD = ['\u0000', '\ud800', '\udfff\ud800', '\u202e', '\ufeff', '💥', '\u2028', '__proto__', 'constructor', '../../etc/passwd', '%00', '${jndi:x}', '\'; DROP TABLE events; --', '{{7*7}}', '\r\nx: y'];

const text = (choices: Choices, { mark }: Sender): string => `${mark}${choices.pick(ODD)}${'x'.repeat(choices.pick([0, 1, 10, 5_000]))}`;

/** JSON that is written by hand, since what must be tried is what JSON.stringify would not write. */
function value(choices: Choices, sender: Sender, depth: number): string {
  const kind = choices.below(depth > 6 ? 4 : 8);
  if (kind === 0) return choices.pick(NUMBERS);
  if (kind === 1) return choices.pick(['true', 'false', 'null']);
  if (kind === 2) return JSON.stringify(choices.pick(TIMES));
  if (kind === 3) return JSON.stringify(text(choices, sender));
  if (kind === 4) return `[${Array.from({ length: choices.below(4) }, () => value(choices, sender, depth + 1)).join(',')}]`;
  if (kind === 5 && choices.chance(0.02)) return '['.repeat(2_000) + ']'.repeat(2_000);
  return `{${Array.from({ length: choices.below(5) }, () => `${JSON.stringify(choices.pick(['ticket_id', 'text', 'content', 'customer', 'a', '', '__proto__', ...ODD]))}:${value(choices, sender, depth + 1)}`).join(',')}}`;
}

function eventFields(choices: Choices, sender: Sender, type: string): Record<string, string> {
  const at = choices.pick(TIMES);
  const said = JSON.stringify(text(choices, sender));
  const fields: Record<string, string> = {
    ticket_id: JSON.stringify(`TKT-${choices.below(1_000)}`), message_id: JSON.stringify(String(choices.below(1e9))), created_at: JSON.stringify(at), sent_at: JSON.stringify(at), changed_at: JSON.stringify(at),
    customer: `{"telegram_user_id":${choices.pick(NUMBERS)},"first_name":${said}}`, channel: '{"type":"direct_message","chat_id":77}',
    sender: `{"type":${JSON.stringify(choices.pick(['customer', 'agent', 'bot', '']))}}`, content: `{"text":${said},"content_type":"text"}`, is_private: 'false',
    previous_status: '"new"', new_status: JSON.stringify(choices.pick(['open', 'solved', type, ''])), changed_by: '{"type":"agent","id":"lea"}',
  };
  for (const name of Object.keys(fields)) if (choices.chance(0.08)) fields[name] = value(choices, sender, 3);
  return fields;
}

/** An event, more or less; signed when it should be, so that what is behind the signature is tried too. */
function event(choices: Choices, sender: Sender): string {
  const [id, type, at] = [choices.chance(0.9) ? choices.uuid() : choices.pick(['', ...ODD]), choices.pick(TYPES), choices.pick(TIMES)];
  const secret = choices.chance(0.7) ? sender.secret : 'another secret';
  const signature = createHmac('sha256', secret).update(id + type + at).digest('hex');
  const payload = Object.entries(eventFields(choices, sender, type)).map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',');
  const source = `{"platform":"fuzz","integration_id":${JSON.stringify(choices.chance(0.9) ? sender.integrationId : choices.pick(ODD))},"environment":"production"}`;
  const members = [`"event_id":${JSON.stringify(id)}`, `"event_type":${JSON.stringify(type)}`, `"timestamp":${JSON.stringify(at)}`, `"signature":"${signature}"`, `"source":${source}`, `"version":${choices.pick(['"1.2"', '"1.0"', '"7.0"', '1.2', '[]'])}`, `"payload":{${payload}}`];
  return `{${members.filter(() => !choices.chance(0.02)).join(',')}}`;
}

function body(choices: Choices, sender: Sender): Buffer {
  const whole = Buffer.from(choices.chance(0.8) ? event(choices, sender) : value(choices, sender, 0));
  const kind = choices.below(20);
  if (kind === 0) return choices.bytes(choices.below(500));
  if (kind === 1) return whole.subarray(0, choices.below(whole.length));
  if (kind === 2) {
    const bent = Buffer.from(whole);
    for (let at = 0; at < 5 && bent.length > 0; at++) bent[choices.below(bent.length)] = choices.below(256);
    return bent;
  }
  if (kind === 3 && choices.chance(0.05)) return Buffer.concat([whole, Buffer.alloc(1_048_577, ' ')]);
  return whole;
}

function path(choices: Choices, { integrationId }: Sender): string {
  if (choices.chance(0.7)) return '/webhooks';
  const odd = ['%', '%zz', '%00', '%ff', '..', '.', '/', '//', '?a=b', '#x', 'x'.repeat(2_000), encodeURIComponent(integrationId), '%E2%80%AE', '*', '\\', ';'];
  return `/${choices.pick(['webhooks', 'health', 'health/live', 'health/ready', 'metrics', '', 'WEBHOOKS', '%77ebhooks'])}${choices.pick(['', '/'])}${choices.pick(odd)}`;
}

export function fuzzedRequest(choices: Choices, sender: Sender): FuzzedRequest {
  const odd = Array.from({ length: choices.below(4) }, (): readonly [string, string] => [
    choices.pick(['x-a', 'traceparent', 'webhook-id', 'webhook-signature', 'webhook-timestamp', 'forwarded', 'x-forwarded-for', 'user-agent', 'accept', 'cookie', 'range', 'if-match', 'te', 'upgrade']),
    choices.pick(['', 'x'.repeat(4_000), 'v1,AAAA', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '\u00e9\u00ff', '0', '-1', 'h2c', 'for=1.1.1.1', '"']),
  ]);
  const headers: (readonly [string, string])[] = [['content-type', choices.chance(0.8) ? 'application/json' : choices.pick(CONTENT_TYPES)], ...odd];
  if (choices.chance(0.05)) headers.push(['content-encoding', choices.pick(ENCODINGS)]);
  if (choices.chance(0.02)) headers.push(['expect', choices.pick(['100-continue', 'a miracle'])]);
  return { method: choices.pick(METHODS), path: path(choices, sender), headers, body: body(choices, sender) };
}

/** Its bytes on the wire. */
export function toBytes({ method, path: target, headers, body: content }: FuzzedRequest): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, 'host: door', ...headers.map(([name, said]) => `${name}: ${said}`), `content-length: ${content.length}`];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}
