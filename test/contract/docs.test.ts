// The documentation says what the contract and the code say.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { docsFolder, generateDocs, staleDocs } from '../../infra/docs/docs.ts';
import { withBlocks } from '../../infra/docs/blocks.ts';
import { eventHeaders, exampleRecord, exampleSource, exampleWebhook, EXAMPLE_SECRET, quarantineHeaders, resolutionHeaders } from '../../infra/docs/examples.ts';
import { projectDir } from '../../infra/local/settings.ts';
import { loadContracts } from '../../schemas/contract.ts';
import { parseWebhook } from '../../services/ingress/event/parse.ts';
import { createPrepare } from '../../services/ingress/event/prepare.ts';
import { toLogRecord } from '../../services/ingress/event/to-log-record.ts';
import { verifyWebhook } from '../../services/ingress/verify.ts';
import { httpRefusals } from '../../services/runtime/http/refusal.ts';
import { readQuarantineRecord, toQuarantineRecord } from '../../services/runtime/quarantine/quarantine.ts';
import { toResolutionRecord } from '../../services/runtime/quarantine/resolution.ts';
import { asyncapiValidator } from './asyncapi/validator.ts';

const contracts = await loadContracts();
const docs = await generateDocs();
const pages = [...docs].filter(([file]) => file.endsWith('.md'));
const asyncapi = docs.get('asyncapi.json') ?? expect.fail();
const source = (path: string): string => readFileSync(join(projectDir, path), 'utf8');

test('the committed documentation is what the contracts say', async () => {
  expect(await staleDocs(), 'Run `npm run docs` and commit what it writes.').toStrictEqual([]);
  expect(readdirSync(docsFolder).filter((file) => file !== 'snippets' && !docs.has(file)), 'A page of an event type that is gone: delete it.').toStrictEqual([]);
});

test('an edited snippet in a page is noticed', () => {
  const page = docs.get('integrate-your-crm.md') ?? '';
  const edited = page.replace('import hashlib', 'import hashlib, math');
  expect(edited).not.toBe(page);
  expect(withBlocks(edited, [...contracts.values()])).toBe(page);
});

test('the AsyncAPI document satisfies AsyncAPI’s own validator', async () => {
  const problems = await asyncapiValidator();
  expect(await problems(asyncapi)).toStrictEqual([]);
  const broken: readonly (readonly [RegExp, string])[] = [
    [/"action": "receive"/, '"action": "wait"'],
    [/#\/channels\/ticketEvents"/, '#/channels/nowhere"'],
    [/"type": "long",\s*"logicalType"/, '"type": "lang", "logicalType"'],
  ];
  for (const [text, wrong] of broken) expect(await problems(asyncapi.replace(text, wrong)), `${String(text)} went unnoticed`).not.toStrictEqual([]);
});

test('every example in the AsyncAPI document fits its payload and its headers', () => {
  // The validator leaves these unchecked in version 3; Avro payloads are compared with the ingress' below.
  interface Message { payload: { schemaFormat?: string }; headers?: object; examples: { payload: unknown; headers?: unknown }[] }
  const document = JSON.parse(asyncapi) as { components: { messages: Record<string, Message> } };
  const ajv = new Ajv2020({ strict: false });
  ajvFormats.default(ajv);
  ajv.addFormat('binary', true);
  ajv.addSchema({ $id: 'https://docs.invalid/asyncapi', components: document.components });
  const problem = (path: string, value: unknown): string => (ajv.validate({ $ref: `https://docs.invalid/asyncapi#/components/messages/${path}` }, value) ? '' : `${path}: ${ajv.errorsText()}`);
  for (const [name, { payload, headers, examples }] of Object.entries(document.components.messages)) {
    expect(examples.length, name).toBeGreaterThan(0);
    for (const example of examples) {
      if (payload.schemaFormat === undefined) expect(problem(`${name}/payload`, example.payload)).toBe('');
      if (example.headers !== undefined) expect(problem(`${name}/headers`, example.headers)).toBe('');
      expect(headers === undefined || example.headers !== undefined || name === 'error', `${name} has no example of its headers`).toBe(true);
    }
  }
  expect(problem('webhook-ticket.created-1.2/payload', {})).not.toBe('');
});

test('every example of a version passes the ingress, and the records and headers shown are what it writes', () => {
  const integration = { ...exampleSource, secrets: [EXAMPLE_SECRET] };
  const integrations = { find: () => [integration], environments: () => ['production'], close: () => undefined };
  const prepare = createPrepare(contracts);
  for (const contract of contracts.values()) {
    for (const version of contract.versions.keys()) {
      const what = `${contract.eventType} ${version}`;
      const body = Buffer.from(JSON.stringify(exampleWebhook(contract, version)));
      const parsed = parseWebhook(body, new Date('2026-03-02T09:00:00.412Z'));
      expect.assert(!('kind' in parsed), what);
      const webhook = verifyWebhook(parsed, {}, integrations, undefined);
      expect.assert(!('kind' in webhook), what);
      const prepared = prepare(webhook);
      expect.assert(prepared.kind === 'event', what);
      expect(JSON.parse(JSON.stringify(prepared.record)), what).toStrictEqual(exampleRecord(contract, version));
      const shown = eventHeaders(contract, version);
      const shownAs = (header: string): string => shown.find(({ name }) => name === header)?.example ?? '';
      const record = toLogRecord(webhook, prepared, { bodyHash: () => shownAs('body_sha256'), traceparent: shownAs('traceparent') }, () => Buffer.alloc(0));
      expect.assert(!('kind' in record), what);
      expect(Object.fromEntries(shown.filter(({ name, optional }) => optional !== true || name in record.headers).map(({ name, example }) => [name, example])), what).toStrictEqual(record.headers);
    }
  }
});

test('the headers of the quarantine and of a replay are listed', () => {
  const item = {
    environment: '', reason: '', path: '', detail: '', origin: 'http', keyId: '', originKey: '', originHeaders: {}, integrationId: '', eventId: '', eventType: '', version: '', ticketId: '', receivedAt: new Date(0), payload: Buffer.alloc(0),
  };
  const record = toQuarantineRecord(item);
  expect(quarantineHeaders.map(({ name }) => name)).toStrictEqual(Object.keys(record.headers));
  const read = readQuarantineRecord({ ...record, topic: '', partition: 0, offset: 0, timestampMs: 0 });
  const resolution = toResolutionRecord(read, { resolution: 'replayed', at: new Date(0), by: '', note: '', reason: '', path: '', detail: '' });
  expect(resolutionHeaders.map(({ name }) => name).sort()).toStrictEqual(Object.keys(resolution.headers).sort());
  const [contract] = contracts.values();
  const replay = source('infra/quarantine/replay.ts');
  for (const { name } of eventHeaders(contract ?? expect.fail(), '1.2').filter(({ name, optional }) => optional === true && name !== 'body_sha256')) expect(replay, name).toContain(`${name}:`);
});

test('every answer code and every reason for a quarantine is explained', () => {
  const outcome = source('services/ingress/outcome.ts');
  const union = (name: string): string[] => [...(new RegExp(`type ${name} =([^;]*);`).exec(outcome)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, code = '']) => code);
  const server = [...source('services/ingress/server.ts').matchAll(/code: '(\w+)'/g)].map(([, code = '']) => code);
  const codes = [...union('RefusalCode'), ...union('QuarantineReason'), ...server, ...Object.values(httpRefusals).map(([code]) => code), 'log_unavailable', 'log_overloaded', 'accepted', 'duplicate', 'quarantined'];
  expect(codes.length >= 30 && union('RefusalCode').length > 3 && union('QuarantineReason').length > 3).toBe(true);
  const page = docs.get('integrate-your-crm.md') ?? '';
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toStrictEqual([]);
});

test('every link, path and npm script in the pages exists, and every snippet is shown', () => {
  const { scripts } = JSON.parse(source('package.json')) as { scripts: Record<string, string> };
  for (const [file, text] of pages) {
    for (const [, path = ''] of text.matchAll(/\]\(([^)#:]+)\)/g)) expect(existsSync(join(docsFolder, dirname(file), path)), `${file}: ${path}`).toBe(true);
    for (const [, script = ''] of text.matchAll(/npm run ([\w:-]+)/g)) expect.assert(script in scripts, `${file}: npm run ${script}`);
    for (const [, name = ''] of text.matchAll(/services\/([\w-]+)/g)) expect(name === 'my-consumer' || existsSync(join(projectDir, 'services', name)), `${file}: services/${name}`).toBe(true);
  }
  const all = pages.map(([, text]) => text).join('\n');
  for (const file of readdirSync(join(docsFolder, 'snippets'))) expect(all, `${file} is in no page`).toContain(`<!-- file schemas/docs/snippets/${file} -->`);
});

test('every event type and contract version is in the index, the changelog and the AsyncAPI document', () => {
  const { components } = JSON.parse(asyncapi) as { components: { messages: Record<string, unknown> } };
  for (const { eventType, folder, versions } of contracts.values()) {
    expect(docs.get('README.md')?.includes(`[${eventType}](${folder}.md) |`), eventType).toBeTruthy();
    expect.assert(`event-${eventType}` in components.messages, eventType);
    for (const version of versions.keys()) {
      expect.assert(`webhook-${eventType}-${version}` in components.messages, `${eventType} ${version}`);
      expect(docs.get('changelog.md') ?? '', `${eventType} ${version}`).toMatch(new RegExp(`## ${version.replace('.', '\\.')}\n[^#]*\\[${eventType.replace('.', '\\.')}\\]`));
    }
  }
});
