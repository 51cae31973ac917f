import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLogger } from '../runtime/logger.ts';
import { readDestinations, watchDestinations } from './file.ts';
import { defineSection, secretsOf } from './section.ts';

interface Board {
  readonly token: string;
  readonly board: string;
  readonly size?: 'small' | 'large';
  readonly routes?: readonly { readonly password: string }[];
}

const section = defineSection<Board>({
  name: 'trello',
  schema: {
    type: 'object', additionalProperties: false, required: ['token', 'board'],
    properties: {
      token: { type: 'string', minLength: 5, secret: true }, board: { type: 'string' }, size: { enum: ['small', 'large'] },
      routes: { type: 'array', items: { type: 'object', required: ['password'], additionalProperties: false, properties: { password: { type: 'string', secret: true } } } },
    },
  },
  problems: ({ board }) => (board === 'nowhere' ? ['/board is nowhere'] : []),
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-destinations-'));
  await writeFile(join(folder, 'token'), 'token-of-a-file\n');
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function file(content: unknown): Promise<string> {
  const path = join(folder, `${++files}.json`);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
const problemsOf = async (content: unknown): Promise<string> =>
  readDestinations(await file(content), section).then(() => '', (error: unknown) => (error instanceof Error ? error.message : ''));

test('reads the section of each integration and leaves the other destinations to their services', async () => {
  const found = await readDestinations(await file({ acme: { trello: { token: 'abcdef', board: 'b' }, zendesk: 42 }, globex: { zendesk: {} } }), section);
  expect([...found]).toStrictEqual([['acme', { token: 'abcdef', board: 'b' }]]);
});

test('a secret may be in a file, beside the destinations when its name is relative, and anywhere in the section', async () => {
  const trello = { token_file: 'token', board: 'b', routes: [{ password_file: join(folder, 'token') }] };
  const value = (await readDestinations(await file({ acme: { trello } }), section)).get('acme');
  expect(value).toStrictEqual({ token: 'token-of-a-file', board: 'b', routes: [{ password: 'token-of-a-file' }] });
  expect(value === undefined ? [] : secretsOf(section, value)).toStrictEqual(['token-of-a-file']);
});

test('says everything that is wrong at once, where it is and what is expected, and no secret', async () => {
  const said = await problemsOf({
    acme: { trello: { token: 'oops', board: 'b', size: 'huge', sise: 1 }, trelo: {} },
    globex: { trello: { board: 'nowhere' } }, initech: { trello: { token_file: 'absent', token: 'abcdef', board: 'nowhere' } }, umbrella: 7,
  });
  for (const expected of [
    '/acme/trello/token must NOT have fewer than 5 characters', '/acme/trello/size must be one of small, large', '/acme/trello/sise is not known here',
    '/acme/trelo is no destination; they are trello', '/globex/trello/token is missing (or token_file, a file that holds it)',
    '/initech/trello/token_file and token are both given', '/initech/trello/token_file: ENOENT', '/initech/trello/board is nowhere', '/umbrella must be an object',
  ]) expect(said).toContain(expected);
  expect(said).not.toMatch(/oops|abcdef/);
});

test('a file that is no JSON, names a member twice or is missing is refused', async () => {
  expect(await problemsOf('{"acme": {"trello": {"token": "sesame",}}}')).toMatch(/is not JSON/);
  expect(await problemsOf('{"acme": {}, "acme": {"trello": {"token": "sesame", "board": "b"}}}')).toMatch(/names a member twice/);
  expect(await problemsOf('[]')).toMatch(/must be an object/);
  expect(await problemsOf('{"acme": {"trello": {"token": "sesame",}}}')).not.toMatch(/sesame/);
  await expect(readDestinations(join(folder, 'absent.json'), section)).rejects.toThrow(/ENOENT/);
});

test('a change comes into force by itself, of a secret’s file, too; a bad one changes nothing and is told', async () => {
  const path = await file({ acme: { trello: { token_file: 'rotating', board: 'b' } } });
  await writeFile(join(folder, 'rotating'), 'first-token');
  const destinations = await watchDestinations(path, section, createLogger('test', 'fatal'));
  try {
    expect(destinations.find('acme')?.token).toBe('first-token');
    await writeFile(join(folder, 'rotating'), 'the-second-token');
    await vi.waitUntil(() => destinations.find('acme')?.token === 'the-second-token', { timeout: 5_000 });
    await writeFile(path, '{"acme": {"trello": {}}}');
    await vi.waitUntil(() => destinations.warnings().length > 0, { timeout: 5_000 });
    expect(destinations.warnings()[0]).toMatch(/the destinations are those of before .*\/acme\/trello\/token is missing/);
    expect(destinations.find('acme')?.token).toBe('the-second-token');
    await writeFile(path, '{}');
    await vi.waitUntil(() => destinations.find('acme') === undefined, { timeout: 5_000 });
    expect(destinations.warnings()).toStrictEqual([]);
  } finally {
    destinations.close();
  }
});

test('without a file there are no destinations', async () => {
  expect((await watchDestinations('', section, createLogger('test', 'fatal'))).all().size).toBe(0);
});
