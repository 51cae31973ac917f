// Who may ask ClickHouse what: one description, in a file of the data folder. The local endpoint reads it at each
// login; `npm run access -- sql` makes statements for a ClickHouse server of it. It holds no passwords: they are
// made here, of 192 random bits, so a salted SHA-256 keeps them, in the very form that a server takes.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv, type JSONSchemaType } from 'ajv';

/** What a query of an analyst may take, at most. */
export interface Limits {
  readonly seconds: number;
  readonly memory_mib: number;
  readonly result_rows: number;
  readonly threads: number;
  readonly queries: number;
}

export const LIMITS: Limits = { seconds: 30, memory_mib: 1024, result_rows: 1_000_000, threads: 2, queries: 4 };

interface Login { readonly name: string; readonly sha256: string; readonly salt: string }
/** Reads the rows of its integrations, through views; with pseudonyms, without knowing who the agents are. */
export interface Analyst extends Login { readonly kind: 'analyst'; readonly integrations: readonly string[]; readonly pseudonyms?: true; readonly limits: Limits }
/** Reads everything, and adds rows to the databases that it writes. */
export interface Service extends Login { readonly kind: 'service'; readonly databases: readonly string[] }
/** May do all that the endpoint lets anyone do. */
export interface Administrator extends Login { readonly kind: 'administrator' }
export type User = Analyst | Service | Administrator;

export const usersFile = (clickhouseFolder: string): string => join(clickhouseFolder, 'access.json');

const NAME = '^[a-z][a-z0-9_-]{0,39}$';
/** As events carry it; it is quoted wherever it becomes SQL. */
const INTEGRATION = String.raw`^[^\0-\x1f]{1,200}$`;
const DATABASE = String.raw`^[A-Za-z_]\w{0,60}$`;
const limit = { type: 'integer', minimum: 1, maximum: 1_000_000_000 } as const;
const login = { name: { type: 'string', pattern: NAME, not: { const: 'default' } }, sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' }, salt: { type: 'string', pattern: '^[0-9a-f]{32}$' } } as const;
const list = (pattern: string, minItems: number) => ({ type: 'array', minItems, uniqueItems: true, items: { type: 'string', pattern } }) as const;

const schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['kind', ...Object.keys(login)],
    discriminator: { propertyName: 'kind' },
    oneOf: [
      {
        properties: {
          ...login, kind: { const: 'analyst' }, integrations: list(INTEGRATION, 1), pseudonyms: { const: true },
          limits: { type: 'object', additionalProperties: false, required: Object.keys(LIMITS), properties: { seconds: limit, memory_mib: limit, result_rows: limit, threads: limit, queries: limit } },
        },
        required: ['integrations', 'limits'], additionalProperties: false,
      },
      { properties: { ...login, kind: { const: 'service' }, databases: list(DATABASE, 0) }, required: ['databases'], additionalProperties: false },
      { properties: { ...login, kind: { const: 'administrator' } }, additionalProperties: false },
    ],
  },
};
const isUsers = new Ajv({ discriminator: true, strict: false }).compile<User[]>(schema as unknown as JSONSchemaType<User[]>);

/** Thrown for a description that can't be taken as it is: nobody is let in by halves. */
export class UnusableUsers extends Error {
  override readonly name = 'UnusableUsers';
}

/** @throws UnusableUsers */
export function checkUsers(users: unknown, where: string): readonly User[] {
  if (!isUsers(users)) {
    const [problem] = (isUsers.errors ?? []).slice(-1);
    throw new UnusableUsers(`${where}${problem?.instancePath ?? ''} ${problem?.message ?? 'is not a list of users'}`);
  }
  const names = users.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UnusableUsers(`${where}: ${twice} is there twice`);
  return users;
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnusableUsers(`${file} is not JSON`);
  }
}

/** Of a file that isn't there, nobody. @throws UnusableUsers */
export function readUsers(file: string): readonly User[] {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return [];
  return checkUsers(parsed(readFileSync(file, 'utf8'), file), file);
}

/** Whole or not at all, and for its owner's eyes only. */
export function writeUsers(file: string, users: readonly User[]): void {
  checkUsers(users, file);
  mkdirSync(dirname(file), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, `${JSON.stringify(users, null, 2)}\n`, { mode: 0o600 });
  renameSync(part, file);
}

const hashOf = (password: string, salt: string): string => createHash('sha256').update(password + salt).digest('hex');

export function newPassword(): { readonly password: string; readonly sha256: string; readonly salt: string } {
  const password = randomBytes(24).toString('base64url');
  const salt = randomBytes(16).toString('hex');
  return { password, sha256: hashOf(password, salt), salt };
}

export function hasPassword({ sha256, salt }: Login, password: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(password, salt), 'hex'), Buffer.from(sha256, 'hex'));
}
