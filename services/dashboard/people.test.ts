import { expect, test } from 'vitest';
import type { StreamingClickHouse } from '../runtime/clickhouse.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { readQuery } from './catalogue.ts';
import { pseudonymOf } from '../runtime/personal/pseudonyms.ts';
import { Pseudonyms } from './names.ts';
import { People } from './people.ts';

const agentIds = readQuery('desk/agent-ids', '-- Ids.\nSELECT 1');
const passwords: Readonly<Record<string, string>> = { lea: 'right', tom: 'right' };

function people(login: boolean, state = { isAway: false }, url = '') {
  const closed: string[] = [];
  const connect = (credentials?: { user: string; password: string }): StreamingClickHouse => ({
    query: () => {
      if (state.isAway) return Promise.reject(new RuntimeError('CLICKHOUSE_UNAVAILABLE', 'away'));
      return credentials !== undefined && passwords[credentials.user] !== credentials.password ? Promise.reject(new RuntimeError('CLICKHOUSE_REFUSED', 'AUTHENTICATION_FAILED 516')) : Promise.resolve([]);
    },
    close: () => {
      closed.push(credentials?.user ?? '');
      return Promise.resolve();
    },
  } as unknown as StreamingClickHouse);
  return { closed, people: new People({ login, connect, seeNames: ['lea'], operators: ['tom'], publicUrl: url === '' ? null : new URL(url), secret: 's'.repeat(32), agentIds, now: () => 0, onRun: () => undefined }) };
}

const cookieOf = (set: string | null): string => set?.split(';')[0] ?? '';

test('with a login nobody is anybody before they say who they are, by ClickHouse’s word', async () => {
  const { people: desk, closed } = people(true);
  expect(desk.whoAsks({})).toBe(null);
  expect(await desk.logIn('lea', 'wrong')).toBe(null);
  expect(await desk.logIn('lea', '')).toBe(null);
  expect(await desk.logIn('', '')).toBe(null);
  const set = await desk.logIn('lea', 'right');
  expect(set).toMatch(/; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/);
  expect(desk.whoAsks({ cookie: `theme=x; ${cookieOf(set)}` })).toMatchObject({ user: 'lea', seesNames: true, isOperator: false });
  desk.logOut({ cookie: cookieOf(set) });
  expect(desk.whoAsks({ cookie: cookieOf(set) })).toBe(null);
  expect(closed).toStrictEqual(['lea', 'lea']);
});

test('who is not listed sees no names, and has answers of their own', async () => {
  const { people: desk } = people(true);
  const [lea, tom] = [cookieOf(await desk.logIn('lea', 'right')), cookieOf(await desk.logIn('tom', 'right'))];
  expect(desk.whoAsks({ cookie: tom })).toMatchObject({ user: 'tom', seesNames: false, isOperator: true });
  expect(desk.whoAsks({ cookie: tom })?.answers).not.toBe(desk.whoAsks({ cookie: lea })?.answers);
});

test.each(['dashboard_session=abc', 'dashboard_session=abc.def', 'dashboard_session=', 'other=1'])('a made-up cookie (%s) is nobody’s', async (cookie) => {
  const { people: desk } = people(true);
  const own = cookieOf(await desk.logIn('lea', 'right'));
  expect(desk.whoAsks({ cookie })).toBe(null);
  expect(desk.whoAsks({ cookie: `${own}x` })).toBe(null);
});

test('where browsers come by https the cookie goes nowhere else, and only the pages there may log in', async () => {
  const { people: desk } = people(true, { isAway: false }, 'https://desk.example');
  const set = await desk.logIn('lea', 'right');
  expect(set).toMatch(/^__Host-dashboard_session=.*; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200; Secure$/);
  expect(desk.whoAsks({ cookie: cookieOf(set) })).toMatchObject({ user: 'lea' });
  expect(desk.whoAsks({ cookie: cookieOf(set).replace('__Host-', '') })).toBe(null);
  // A proxy in front may ask by a host of its own.
  expect([desk.isFromElsewhere({ host: 'inside:9104', origin: 'https://desk.example' }), desk.isFromElsewhere({ host: 'inside:9104', origin: 'https://evil.example' })]).toStrictEqual([false, true]);
});

test('guessing ends after ten tries, and an outage is no wrong password', async () => {
  const state = { isAway: false };
  const { people: desk } = people(true, state);
  for (let tries = 0; tries < 10; tries += 1) expect(await desk.logIn('lea', `guess ${tries}`)).toBe(null);
  expect(await desk.logIn('lea', 'right')).toBe(null);
  state.isAway = true;
  await expect(desk.logIn('tom', 'right')).rejects.toThrow('away');
});

test('without a login everybody on this machine is the configured user, by loopback names only', () => {
  const { people: desk } = people(false);
  expect(desk.whoAsks({})).toMatchObject({ user: '', seesNames: true });
  expect(['127.0.0.1:9104', 'localhost', '[::1]:1'].map((host) => desk.isForeignHost({ host }))).toStrictEqual([false, false, false]);
  expect(['evil.example', '127.0.0.1.evil.example', ''].map((host) => desk.isForeignHost({ host }))).toStrictEqual([true, true, true]);
});

test('pseudonyms are the same in rows and links, differ by key, and a name that is none finds nobody', async () => {
  const query = readQuery('a/b', '-- B.\nSELECT agent_id FROM queue.tickets WHERE has({agents:Array(String)}, agent_id)');
  const clickhouse = {
    query: (sql: string) => Promise.resolve(sql.startsWith('DESCRIBE') ? [{ name: 'agent_id', type: 'String' }, { name: 'agent_ids', type: 'Array(String)' }, { name: 'agent_replies', type: 'UInt64' }] : [{ agent_id: 'lea' }, { agent_id: 'tom' }]),
  } as unknown as StreamingClickHouse;
  const names = new Pseudonyms(clickhouse, 'k', agentIds);
  const { sql, values } = await names.asked(query, { integration: 't', agents: [pseudonymOf('k', 'tom'), 'tom', ''] });
  expect(sql).toMatch(/SELECT \* REPLACE \(if\(agent_id = '' OR .*concat\('Agent ', /);
  expect(sql).toMatch(/arrayMap\(one -> if\(one = '' OR .*concat\('Agent ', /);
  expect(sql).not.toContain('agent_replies)');
  expect(values).toStrictEqual({ integration: 't', agents: ['tom', ' ', ' '], pseudonym_key: 'k' });
  const ordered = await names.asked(readQuery('a/c', '-- C.\nSELECT agent_id, row_number() OVER (ORDER BY x) FROM agents.agent_solves ORDER BY n DESC, agent_id\nLIMIT 5'), {});
  expect(ordered.sql, 'the order of ids would tell them').toMatch(/\n\)\nORDER BY agent_id$/);
  expect(pseudonymOf('k', 'lea')).not.toBe(pseudonymOf('l', 'lea'));
  expect(pseudonymOf('k', '')).toBe('');
  expect(pseudonymOf('l', pseudonymOf('k', 'lea')), 'who sees pseudonyms in ClickHouse sees the same here').toBe(pseudonymOf('k', 'lea'));
});
