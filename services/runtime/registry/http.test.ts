// What registries and the proxies before them have answered in bad hours, played by a server, and
// what the package must not do with it.
import { createServer, type RequestListener } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { createEncoder } from '../avro/avro.ts';
import { SchemaRegistry } from './registry.ts';

const RECORD = { type: 'record', name: 'A', namespace: 'n', fields: [{ name: 'a', type: { type: 'array', items: 'null' } }, { name: 'at', type: ['null', { type: 'long', logicalType: 'timestamp-millis' }], default: null }] };

const asked: string[] = [];
let answer: RequestListener = () => undefined;
const server = createServer((request, response) => {
  asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
  answer(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/api`;
const registry = new SchemaRegistry(url);

const answering = (status: number, body: string, headers: Record<string, string> = {}): void => {
  asked.length = 0;
  answer = (_request, response) => response.writeHead(status, headers).end(body);
};
const answeringSchema = (schema: string, schemaType?: string): void => answering(200, JSON.stringify({ schema, schemaType }));

afterAll(() => server.close());

const unusable: readonly (readonly [what: string, status: number, body: string])[] = [
  ['an error whose body is null', 500, 'null'],
  ['an error without a body', 503, ''],
  ['a page of a proxy', 200, '<html>Sign in</html>'],
  ['a redirect', 302, ''],
  ['nothing at all', 200, 'null'],
  ['something else', 200, '{"id": "7"}'],
  ['a refusal of the credentials', 401, '{"error_code": 401}'],
];

for (const [what, status, body] of unusable) {
  test(`${what} is an outage: not an unknown schema, no raw error, and not asked for again at once`, async () => {
    answering(status, body);
    await expect(registry.schemaById(7)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await expect(registry.schemaById(7, { cached: true })).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    expect(asked).toStrictEqual(['GET /api/schemas/ids/7', 'GET /api/schemas/ids/7']);
    await expect(registry.idOf('s', '"string"')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
    await expect(registry.register('s', JSON.stringify(RECORD))).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  });
}

test('an answer that is cut off is an outage, and is not waited for', async () => {
  answer = (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"schema"');
    setImmediate(() => response.destroy());
  };
  await expect(registry.schemaById(7)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
});

test('nobody there is an outage', async () => {
  const gone = new SchemaRegistry('http://127.0.0.1:9');
  await expect(gone.schemaById(7)).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
  await expect(gone.idOf('s', '"string"')).rejects.toMatchObject({ code: 'REGISTRY_UNAVAILABLE' });
});

test('an unknown id, subject or schema is none', async () => {
  answering(404, '{"error_code": 40403}');
  expect(await registry.schemaById(8)).toBeNull();
  expect(await registry.idOf('s', '"string"')).toBeNull();
  expect(await registry.schemasOf('s')).toStrictEqual([]);
});

test('a schema comes as the registry has it, whatever the package makes of it', async () => {
  const texts = [
    JSON.stringify({ ...RECORD, doc: 'Kept.', ticketstream_id: 9 }),
    '"string"',
    JSON.stringify({ ...RECORD, fields: [{ name: 'a', type: 'no.such.Type' }] }),
    'not JSON',
  ];
  for (const text of texts) {
    answeringSchema(text);
    expect(await registry.schemaById(9)).toBe(text);
  }
  for (const [type, text] of [['PROTOBUF', 'syntax = "proto3"; message A { string a = 1; }'], ['JSON', '{"type":"object","odd":true}'], ['XML', '<a/>']]) {
    answeringSchema(text ?? '', type);
    expect(await registry.schemaById(9)).toBe(text);
  }
});

test('a schema whose references are gone is there all the same', async () => {
  const text = JSON.stringify(RECORD);
  answer = (request, response) => {
    if (request.url?.startsWith('/api/schemas/ids/') === true) response.end(JSON.stringify({ schema: text, references: [{ name: 'n.B', subject: 'b', version: 1 }] }));
    else response.writeHead(404).end('{"error_code": 40401}');
  };
  expect(await registry.schemaById(10)).toBe(text);
});

test('those who ask at once for a cached schema make one request; who asks without the cache gets what is there now', async () => {
  const text = JSON.stringify(RECORD);
  answeringSchema(text);
  const found = await Promise.all(Array.from({ length: 20 }, () => registry.schemaById(11, { cached: true })));
  expect(new Set(found)).toStrictEqual(new Set([text]));
  expect(asked.length).toBe(1);
  answering(404, '{"error_code": 40403}');
  expect(await registry.schemaById(11, { cached: true })).toBe(text);
  expect(await registry.schemaById(11)).toBeNull();
});

test('the rule stands before the first schema of a subject, which is named by us', async () => {
  const rules = new Map<string, string>();
  asked.length = 0;
  answer = (request, response) => {
    const [, , kind, subject = ''] = (request.url ?? '').split('/');
    if (kind === 'config' && request.method === 'PUT') rules.set(subject, 'FULL_TRANSITIVE');
    response.end(JSON.stringify(kind === 'config' ? { compatibilityLevel: rules.get(subject) } : { id: 3 }));
  };
  expect(await registry.register('topic-n.A', JSON.stringify(RECORD))).toBe(3);
  expect(asked).toStrictEqual(['PUT /api/config/topic-n.A', 'GET /api/config/topic-n.A', 'POST /api/subjects/topic-n.A/versions']);
  expect(await registry.idOf('topic-n.A', JSON.stringify(RECORD))).toBe(3);
  expect(asked.at(-1)).toBe('POST /api/subjects/topic-n.A');
  expect(await registry.register('nameless', '"string"')).toBe(3);
});

test('what the registry or the package refuses is refused, and no outage', async () => {
  answer = (request, response) => {
    if (request.url?.startsWith('/api/config/') === true) response.end('{"compatibilityLevel": "FULL_TRANSITIVE"}');
    else response.writeHead(409).end('{"error_code": 409}');
  };
  for (const schema of [JSON.stringify(RECORD), '"string"', 'not JSON', '{"type":"record","name":"A"}']) {
    await expect(registry.register('topic-n.A', schema), schema).rejects.toMatchObject({ code: 'SCHEMA_REFUSED' });
  }
});

test('a record is encoded and decoded by the schema of its id, and a body that claims more items than it has bytes is refused', async () => {
  answeringSchema(JSON.stringify(RECORD));
  const fresh = new SchemaRegistry(url);
  const record = { a: [null, null], at: 1_772_442_000_123 };
  const value = await fresh.encode(12, record);
  expect(value).toStrictEqual(createEncoder(RECORD, 12)(record));
  expect({ ...((await fresh.decode(value)) as object) }).toStrictEqual(record);
  expect(asked.length).toBe(1);
  const bomb = Buffer.concat([value.subarray(0, 5), Buffer.from([0x80, 0x84, 0xaf, 0xbe, 0x01])]);
  await expect(fresh.decode(bomb)).rejects.toThrow(/truncated/);
  await expect(fresh.decode(Buffer.from('plain'))).rejects.toThrow(/no_magic_byte/);
});
