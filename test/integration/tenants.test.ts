// An analyst of one tenant tries to see another's rows. Each attempt must end in a refusal that tells nothing, or in exactly
// what the tenant may see; whatever it answers, nothing of the other tenant's may be in it: ids, texts, names, query texts.
// And what an analyst is there for works: every view gives the same as to the administrator who asks for that tenant.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeClients, environment, landed, query, sendUntilAccepted, ticket } from '../system/support.ts';

const run = promisify(execFile);
const endpoint = new URL(environment.clickhouseUrl);
/** In whatever globex has: ticket, texts, agents, the text of a query, the name of a snapshot's table. */
const SECRET = `zq${randomUUID().slice(0, 8)}`;
const ours = `TKT-OURS-${SECRET.slice(2)}`;
const theirs = `TKT-${SECRET}-1`;
const SNAPSHOT = `of_${process.pid}`;
const at = (minute: number): string => new Date(Date.UTC(2026, 10, 2, 9, minute)).toISOString();

interface Login { readonly name: string; readonly password: string }
interface Answer { readonly status: number; readonly text: string; readonly headers: Headers }
type Parameters = Readonly<Record<string, string>>;

async function access(...args: string[]): Promise<string> {
  return (await run(process.execPath, ['--import', 'tsx', 'infra/access/access.ts', ...args])).stdout;
}

async function added(name: string, ...options: string[]): Promise<Login> {
  const password = /password of \S+: (\S+)/.exec(await access('add', name, ...options))?.[1] ?? '';
  return { name, password };
}

async function ask({ name, password }: Login, sql: string | FormData, parameters: Parameters = {}): Promise<Answer> {
  const response = await fetch(`${endpoint.protocol}//${endpoint.host}/?${new URLSearchParams({ database: 'queue', ...parameters }).toString()}`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }, body: sql,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const root: Login = { name: decodeURIComponent(endpoint.username) || 'default', password: decodeURIComponent(endpoint.password) };
async function given(login: Login, sql: string, parameters: Parameters = {}): Promise<string> {
  const answer = await ask(login, sql, parameters);
  expect(answer.status, `${sql}: ${answer.text}`).toBe(200);
  return answer.text.trim();
}

let acme: Login;
let both: Login;
let service: Login;
let small: Login;

const story = (ticketId: string, integration: string, agent: string) => {
  const of = ticket(ticketId, integration);
  return [of.created(at(0), `${agent} was here`), of.assigned(at(1), { agent_id: agent, group_id: `${agent}-queue` }), of.message(at(2), { agent }, `text of ${agent}`), of.status(at(3), 'new', 'solved', { type: 'agent', id: agent })];
};

beforeAll(async () => {
  [acme, both, service, small] = await Promise.all([]).then(async () => [
    await added('mira', '--integration', 'acme'), await added('agency', '--integration', 'globex', 'acme'), await added('queue-analytics', '--service', 'queue'),
    await added('small', '--integration', 'acme', '--seconds', '1', '--memory-mib', '100', '--result-rows', '100', '--queries', '1'),
  ] as const);
  await Promise.all([...story(ours, 'acme', 'lea'), ...story(theirs, 'globex', SECRET)].map(sendUntilAccepted));
  await Promise.all([landed(ours, 4), landed(theirs, 4)]);
  await given(root, `INSERT INTO config.agent_names SELECT 0, 'globex', '${SECRET}', 'name of ${SECRET}'`);
  await given(root, 'SYSTEM RELOAD DICTIONARY config.agent_name');
  await run(process.execPath, ['--import', 'tsx', 'infra/snapshot/snapshot.ts', 'create', SNAPSHOT]);
  await given(root, `CREATE TABLE queue.untold_${SECRET} (word String) ENGINE = MergeTree ORDER BY word`);
  await given(root, `INSERT INTO queue.untold_${SECRET} SELECT '${SECRET}'`);
});

afterAll(async () => {
  await run(process.execPath, ['--import', 'tsx', 'infra/snapshot/snapshot.ts', 'drop', SNAPSHOT]);
  await given(root, `DROP TABLE queue.untold_${SECRET}`);
  await given(root, `ALTER TABLE config.agent_names DELETE WHERE agent_id = '${SECRET}' SETTINGS mutations_sync = 1`);
  for (const { name } of [acme, both, service, small]) await access('remove', name);
  await closeClients();
});

/** What fits in where {tenant's secret} stands is made up, so the texts of the attempts themselves don't count as found. */
const hidden = (text: string): string => text.replaceAll('SECRET', SECRET);
const tellsOf = (text: string, sql: string): boolean => text.replaceAll(hidden(sql), '').split(/\s|'|"|`|\(|\)|,/).some((word) => word.includes(SECRET) && !hidden(sql).includes(word));

describe('an analyst of one tenant', () => {
  it.each(refused)('is refused %s %o', async (sql, parameters = {}) => {
    const answer = await ask(acme, hidden(sql), parameters);
    expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
    expect(answer.text).toMatch(/^Code: (?:26|36|46|47|48|60|62|73|81|115|164|358|497|516)\. /);
    expect(tellsOf(answer.text, sql), answer.text).toBe(false);
  });

  it.each(answered)('is answered %s with %s', async (sql, expected, parameters = {}) => {
    const answer = await ask(acme, hidden(sql).replaceAll('{ours}', ours), parameters);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text.trimEnd()).toBe(expected);
  });
});
