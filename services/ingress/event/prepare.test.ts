import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadContracts, type JsonObject } from '../../../schemas/contract.ts';
import { createDecoder, createEncoder } from '../../runtime/avro/avro.ts';
import type { AuthenticWebhook } from '../outcome.ts';
import { parseWebhook } from './parse.ts';
import { createPrepare } from './prepare.ts';

const contracts = await loadContracts();
const prepare = createPrepare(contracts);
const integration = { integration_id: 'acme', environment: 'production', secrets: ['s'] };

const exampleOf = (eventType: string, version: string): JsonObject => {
  const schema = contracts.get(eventType)?.versions.get(version) as { examples: JsonObject[] };
  return structuredClone(schema.examples[0] ?? {});
};

function webhook(eventType: string, fields: JsonObject, text: (json: string) => string = (json) => json): AuthenticWebhook {
  const envelope = { event_id: '0B0E7A3C-8B1D-4C55-9D0A-2F6F1C9B7E11', event_type: eventType, timestamp: '2026-03-02T09:00:00.123Z', source: { platform: 'tele', integration_id: 'acme', environment: 'production' } };
  const signature = createHmac('sha256', 's').update(envelope.event_id + eventType + envelope.timestamp).digest('hex');
  const parsed = parseWebhook(Buffer.from(text(JSON.stringify({ ...envelope, signature, ...fields }))), new Date());
  expect.assert(!('kind' in parsed));
  return { ...parsed, integration };
}

const recordOf = (sent: AuthenticWebhook): Record<string, unknown> => {
  const prepared = prepare(sent);
  expect.assert(prepared.kind === 'event', JSON.stringify(prepared));
  return prepared.record;
};

const rejection = (sent: AuthenticWebhook): string => {
  const prepared = prepare(sent);
  return prepared.kind === 'unusable' ? `${prepared.reason} ${prepared.path}` : 'accepted';
};

test('the examples of all versions of an event give records of one shape', () => {
  for (const [eventType, contract] of contracts) {
    for (const version of contract.versions.keys()) {
      const record = recordOf(webhook(eventType, { version, payload: exampleOf(eventType, version) }));
      expect(Object.keys(record).sort()).toStrictEqual(contract.record.fields.map((field) => field.name).sort());
      expect(record['extra'], `${eventType} ${version} has unknown fields`).toStrictEqual({});
    }
  }
});

test('the fields may lie under payload, data, body or beside the envelope', () => {
  const payload = exampleOf('message.received', '1.2');
  const [canonical, ...others] = [{ payload }, { data: payload }, { body: payload }, payload].map((fields) =>
    recordOf(webhook('message.received', { version: '1.2', ...fields })));
  for (const other of others) expect(other).toStrictEqual(canonical);
});

test('a field renamed in 1.2 arrives under its new name from 1.0 on', () => {
  const payload = exampleOf('ticket.created', '1.0');
  const { customer } = recordOf(webhook('ticket.created', { version: '1.0', payload })) as { customer: { contact_phone: string } };
  expect(customer.contact_phone).toBe('+4930123456');
});

test('a single file of 1.0 becomes the list of 1.2', () => {
  const record = recordOf(webhook('message.received', { version: '1.0', payload: exampleOf('message.received', '1.0') }));
  expect((record['content'] as { files: unknown }).files).toStrictEqual([{ file_url: 'https://files.example/label.pdf', file_size: 18233, file_name: null, content_type: null }]);
});

test('unknown fields are kept under their path, wherever they are', () => {
  const payload = { ...exampleOf('status.changed', '1.2'), 'odd/name': [1], changed_by: { type: 'agent', id: 'a', badge: null } };
  const record = recordOf(webhook('status.changed', { version: '1.2', payload, trace: { id: 5 } }));
  expect(record['extra']).toStrictEqual({ '/trace': '{"id":5}', '/payload/odd~1name': '[1]', '/payload/changed_by/badge': 'null' });
});

test('a number that a double cannot hold is kept as text', () => {
  const sent = webhook('ticket.created', { version: '1.2', payload: exampleOf('ticket.created', '1.2') }, (json) => json.replace('"campaign_id"', '"big":123456789012345678901,"campaign_id"'));
  expect(String(recordOf(sent)['metadata'])).toMatch(/"big":"123456789012345678901"/);
});

test('metadata arrives whole: nesting, nulls and order included', () => {
  const record = recordOf(webhook('ticket.created', { version: '1.2', payload: exampleOf('ticket.created', '1.2') }));
  expect(record['metadata']).toBe('{"campaign_id":"spring","custom_fields":{"order":[1,2.5,null]}}');
});

test('a missing version counts as the oldest and an unknown minor one as the newest before it', () => {
  const payload = exampleOf('message.received', '1.0');
  expect(rejection(webhook('message.received', { payload }))).toBe('accepted');
  expect(rejection(webhook('message.received', { version: '1.9', payload: exampleOf('message.received', '1.2') }))).toBe('accepted');
});

test('what cannot be used says why and where', () => {
  const payload = exampleOf('message.received', '1.2');
  const cases: [AuthenticWebhook, string][] = [
    [webhook('message.deleted', { payload }), 'unknown_event_type /event_type'],
    [webhook('message.received', { version: '2.0', payload }), 'unknown_version /version'],
    [webhook('message.received', { version: '1.2', payload: { ...payload, is_private: 'yes' } }), 'schema_violation /payload/is_private'],
    [webhook('message.received', { version: '1.2', payload: { ...payload, sent_at: '2026-02-30T00:00:00Z' } }), 'schema_violation /payload/sent_at'],
    [webhook('message.received', { version: '1.2', payload: { ...payload, ticket_id: '' } }), 'schema_violation /payload/ticket_id'],
    [webhook('message.received', { version: '1.2', payload, timestamp: 'yesterday' }), 'invalid_timestamp /timestamp'],
    [webhook('message.received', { version: '1.2', payload, timestamp: '2026-02-30T10:00:00Z' }), 'invalid_timestamp /timestamp'],
    [webhook('message.received', { version: '1.2', payload, event_id: 'e-1' }), 'invalid_event_id /event_id'],
    [webhook('message.received', { version: '1.2', payload, source: { integration_id: 'acme', environment: 'staging' } }), 'environment_mismatch /source/environment'],
    [webhook('message.received', { version: '1.2' }), 'payload_missing /payload'],
  ];
  for (const [sent, expected] of cases) expect(rejection(sent)).toBe(expected);
});

test('whole numbers that the encoder would turn or refuse are kept in quarantine, the last good ones in the log', () => {
  const payload = exampleOf('message.received', '1.2');
  const from = (id: number): AuthenticWebhook => webhook('message.received', { version: '1.2', payload: { ...payload, sender: { type: 'customer', telegram_user_id: id } } });
  for (const id of [-(2 ** 52) - 1, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]) expect(rejection(from(id))).toBe('out_of_range /payload/sender/telegram_user_id');
  const { record } = contracts.get('message.received') ?? expect.fail();
  for (const id of [-(2 ** 52), 2 ** 52, Number.MAX_SAFE_INTEGER - 1]) {
    const body = createEncoder(record, 1)(recordOf(from(id))).subarray(5);
    const decoded = createDecoder(record)(body) as { sender: { telegram_user_id: number } };
    expect(decoded.sender.telegram_user_id).toBe(id);
  }
});

test('a body nested a hundred thousand deep is unusable, not an error', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const payload = exampleOf('ticket.created', '1.2');
  const sent = webhook('ticket.created', { version: '1.2', payload }, (json) => json.replace('"campaign_id"', `"deep":${deep},"campaign_id"`));
  expect(rejection(sent)).toBe('unprocessable ');
});

test('event_id is kept in lower case and the event time in milliseconds', () => {
  const record = recordOf(webhook('message.received', { version: '1.2', payload: exampleOf('message.received', '1.2') }));
  expect(record['event_id']).toBe('0b0e7a3c-8b1d-4c55-9d0a-2f6f1c9b7e11');
  expect(record['timestamp']).toBe(Date.UTC(2026, 2, 2, 9, 0, 0, 123));
});

const messageWith = (change: (payload: JsonObject) => JsonObject, text?: (json: string) => string): AuthenticWebhook =>
  webhook('message.received', { version: '1.2', payload: change(exampleOf('message.received', '1.2')) }, text);

test('an identifier that is damaged, invisible or endless is quarantined, wherever it is', () => {
  const sender = (id: string) => (payload: JsonObject): JsonObject => ({ ...payload, sender: { type: 'agent', agent_id: id } });
  for (const id of ['TKT-\ud800', '\udc00', ' ', '\u200b\ufeff', '\u2800', 'x'.repeat(513)]) {
    expect(rejection(messageWith(sender(id)))).toBe('invalid_identifier /payload/sender/agent_id');
    expect(rejection(messageWith((payload) => ({ ...payload, message_id: id })))).toBe('invalid_identifier /payload/message_id');
    const ticket = rejection(messageWith((payload) => ({ ...payload, ticket_id: id })));
    expect(ticket).toBe(`${id.length > 512 ? 'schema_violation' : 'invalid_identifier'} /payload/ticket_id`);
  }
  const assigned = { ...exampleOf('agent.assigned', '1.2'), assignee: { group_id: '\ud800' } };
  expect(rejection(webhook('agent.assigned', { version: '1.2', payload: assigned }))).toBe('invalid_identifier /payload/assignee/group_id');
  expect(rejection(messageWith(sender('\ufeff票 📦\u0000')))).toBe('accepted');
});

test('ill-formed text that names nothing is mended', () => {
  const record = recordOf(messageWith((payload) => ({ ...payload, content: { content_type: 'text', text: 'A\ud800B' } })));
  expect((record['content'] as { text: string }).text).toBe('A\ufffdB');
});

test('a number where a text belongs is no text, however long it is; a ticket_id may be any whole number, exactly', () => {
  const named = (literal: string): string => rejection(webhook('ticket.created', { version: '1.2', payload: exampleOf('ticket.created', '1.2') }, (json) => json.replace('"first_name":"Mira"', `"first_name":${literal}`)));
  for (const literal of ['1234', '12345678901234567890', '1e400', '1.5', '0.12345678901234567890']) expect(named(literal), literal).toBe('schema_violation /payload/customer/first_name');
  const ticketOf = (literal: string, beside = ''): unknown =>
    recordOf(messageWith((payload) => ({ ...payload, ticket_id: 'T', beside }), (json) => json.replace('"ticket_id":"T"', `"ticket_id":${literal}`)))['ticket_id'];
  for (const [literal, id] of [['7', '7'], ['12345678901234567890', '12345678901234567890'], ['1e21', '1e21'], ['1e400', '1e400']] as const) {
    expect(ticketOf(literal)).toBe(id);
    expect(ticketOf(literal, '1234567890123456'), 'whatever else the body has').toBe(id);
  }
  expect(rejection(messageWith((payload) => ({ ...payload, ticket_id: 'T' }), (json) => json.replace('"ticket_id":"T"', `"ticket_id":1${'0'.repeat(600)}`)))).toBe('invalid_identifier /payload/ticket_id');
});

test('a whole number that the record cannot hold is out of range, not of the wrong type', () => {
  for (const literal of ['12345678901234567890', '1e400', '1e21']) {
    const sized = messageWith((payload) => ({ ...payload, content: { content_type: 'x', files: [{ file_url: 'u', file_size: 0 }] } }), (json) => json.replace('"file_size":0', `"file_size":${literal}`));
    expect(rejection(sized), literal).toBe('out_of_range /payload/content/files/0/file_size');
  }
});

test('a number with a fraction is no whole one, however small the fraction', () => {
  for (const literal of ['1.5', '1.00000000000000000001', '123456789012345.00000001', '1e-400', '0.1e-400']) {
    const sized = messageWith((payload) => ({ ...payload, content: { content_type: 'x', files: [{ file_url: 'u', file_size: 0 }] } }), (json) => json.replace('"file_size":0', `"file_size":${literal}`));
    expect(rejection(sized), literal).toBe('schema_violation /payload/content/files/0/file_size');
    const named = messageWith((payload) => ({ ...payload, ticket_id: 'T' }), (json) => json.replace('"ticket_id":"T"', `"ticket_id":${literal}`));
    expect(rejection(named), literal).toBe('schema_violation /payload/ticket_id');
  }
});

test('the version is the literal text of a number; one without end is none', () => {
  const versioned = (literal: string): Record<string, unknown> | string => {
    const sent = webhook('message.received', { version: 'V', payload: exampleOf('message.received', '1.2') }, (json) => json.replace('"version":"V"', `"version":${literal}`));
    const prepared = prepare(sent);
    return prepared.kind === 'event' ? prepared.version : prepared.reason;
  };
  expect(['1.10', '"1.10"', '1.2', '1', '1e0', `1.${'0'.repeat(5_000)}`].map(versioned)).toStrictEqual(['1.10', '1.10', '1.2', '1', 'unknown_version', 'unknown_version']);
});

test('a time is one in the envelope exactly if it is one in a body, and both say why not', () => {
  const detailOf = (sent: AuthenticWebhook): string => {
    const prepared = prepare(sent);
    return prepared.kind === 'unusable' ? prepared.detail.replace(' (contract 1.2)', '') : 'accepted';
  };
  const times = ['2026-03-02T09:00:00Z', '2026-03-02 09:00:00+01:00', '2016-12-31T23:59:60Z', '2026-03-02T24:00:00Z', '2026-06-01 10:00:00+9999', '2026-06-01T10:00:00+24:00', '2026-02-30T09:00:00Z', '2026-03-02T09:00:00', '2026-03-02T09:00:00+0100', 'soon'];
  for (const time of times) {
    const payload = exampleOf('message.received', '1.2');
    const inBody = detailOf(webhook('message.received', { version: '1.2', payload: { ...payload, sent_at: time } }));
    expect(detailOf(webhook('message.received', { version: '1.2', payload, timestamp: time })), time).toBe(inBody);
    expect(inBody === 'accepted', `${time}: ${inBody}`).toBe(times.indexOf(time) < 3);
  }
  for (const time of ['0099-06-01 10:00:00Z', '1969-12-31T23:59:59Z', '2106-01-01T00:00:00Z']) {
    expect(detailOf(webhook('message.received', { version: '1.2', payload: exampleOf('message.received', '1.2'), timestamp: time }))).toBe('is outside the years 1970 to 2105');
  }
  for (const time of ['1899-12-31T23:59:59Z', '2300-01-01T00:00:00Z']) {
    expect(detailOf(webhook('message.received', { version: '1.2', payload: { ...exampleOf('message.received', '1.2'), sent_at: time } }))).toBe('is outside the years 1900 to 2299');
  }
});

test('what an upcaster would move is judged before and after', () => {
  const payload = exampleOf('message.received', '1.0');
  const sent = webhook('message.received', { version: '1.0', payload: { ...payload, content: { content_type: 'x', file_url: 'u', files: 'not a list' } } });
  expect(rejection(sent)).toBe('schema_violation /payload/content/files');
  const created = exampleOf('ticket.created', '1.2');
  const phone = webhook('ticket.created', { version: '1.2', payload: { ...created, customer: { telegram_user_id: 1, first_name: 'M', phone: 49 } } });
  expect(rejection(phone)).toBe('schema_violation /payload/customer/contact_phone');
});

test('a body nested deeper than readers can follow is unusable; one level less is kept', () => {
  // Beside 500 levels: the webhook, its payload, the metadata.
  const nested = (depth: number): string => rejection(webhook('ticket.created', { version: '1.2', payload: exampleOf('ticket.created', '1.2') }, (json) => json.replace('"campaign_id"', `"deep":${'['.repeat(depth)}${']'.repeat(depth)},"campaign_id"`)));
  expect([nested(497), nested(498)]).toStrictEqual(['accepted', 'unprocessable ']);
});
