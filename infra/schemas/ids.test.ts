// Ids in registries other than the local one, played by a registry that keeps Confluent's rules.
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { registerWithId } from './ids.ts';

interface Confluent {
  readonly url: string;
  readonly schemas: Map<number, string>;
  readonly modes: Map<string, string>;
  /** Some registries don't know the mode at all. */
  hasModes: boolean;
  close(): void;
}

interface Body {
  readonly mode: string;
  readonly compatibility?: string;
  readonly schema: string;
  readonly id?: number;
}

async function confluent(): Promise<Confluent> {
  const schemas = new Map<number, string>();
  const modes = new Map<string, string>();
  const rules = new Map<string, string>();
  const answerTo = (path: string, body: Body): [status: number, body: unknown] => {
    const [, kind, subject = '', last = ''] = path.split(/[/?]/);
    if (kind === 'mode') {
      if (!stub.hasModes) return [404, { error_code: 404 }];
      modes.set(subject, body.mode);
      return [200, {}];
    }
    if (kind === 'config') {
      if (body.compatibility !== undefined) rules.set(subject, body.compatibility);
      return rules.has(subject) ? [200, { compatibilityLevel: rules.get(subject) }] : [404, { error_code: 40408 }];
    }
    if (kind === 'schemas') {
      const found = schemas.get(Number(last));
      return found === undefined ? [404, { error_code: 40403 }] : [200, { schema: found }];
    }
    const importing = modes.get(subject) === 'IMPORT';
    if (importing !== (body.id !== undefined)) return [422, { error_code: 42205 }];
    const known = [...schemas].find(([, schema]) => schema === body.schema)?.[0];
    const id = body.id ?? known ?? schemas.size + 1;
    if (schemas.has(id) && schemas.get(id) !== body.schema) return [422, { error_code: 42207 }];
    schemas.set(id, body.schema);
    return [200, { id }];
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [status, body] = answerTo(request.url ?? '', JSON.parse(Buffer.concat(chunks).toString() || '{}') as Body);
      response.writeHead(status).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const stub: Confluent = {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    schemas,
    modes,
    hasModes: true,
    close: () => {
      server.close();
    },
  };
  return stub;
}

const OURS = '{"type":"record","name":"Ours","fields":[]}';
const THEIRS = '{"type":"record","name":"Theirs","fields":[]}';

test('Confluent’s registry takes our id in IMPORT mode, and is left as it was', async () => {
  const stub = await confluent();
  expect(await registerWithId(new SchemaRegistry(stub.url), 'subject', OURS, 7_000_000)).toBe(7_000_000);
  expect(stub.modes.get('subject')).toBe('READWRITE');
  expect(stub.schemas.get(7_000_000)).toBe(OURS);
  stub.close();
});

test('where our id means something else already, the registry gives its own', async () => {
  const stub = await confluent();
  stub.schemas.set(7_000_000, THEIRS);
  expect(await registerWithId(new SchemaRegistry(stub.url), 'subject', OURS, 7_000_000)).toBe(2);
  expect(stub.schemas.get(7_000_000)).toBe(THEIRS);
  stub.close();
});

test('a registry without IMPORT mode gives its own id', async () => {
  const stub = await confluent();
  stub.hasModes = false;
  expect(await registerWithId(new SchemaRegistry(stub.url), 'subject', OURS, 7_000_000)).toBe(1);
  stub.close();
});
