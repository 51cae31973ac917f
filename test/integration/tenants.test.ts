// An analyst of one tenant tries to see another's rows. Each attempt must end in a refusal that tells nothing, or in exactly
// what the tenant may see; whatever it answers, nothing of the other tenant's may be in it: ids, texts, names, query texts.
// And what an analyst is there for works: every view gives the same as to the administrator who asks for that tenant.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { get, request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { packBlock } from '../../infra/local/clickhouse/blocks/blocks.ts';
import { CONNECTIONS } from '../../infra/local/clickhouse/strangers.ts';
import type { Answer as Told } from '../../services/dashboard/answer.ts';
import { readCatalogue } from '../../services/dashboard/catalogue.ts';
import { withLogin } from '../browser/dashboard-with-login.ts';
import { closeClients, environment, eventually, landed, sendUntilAccepted, ticket } from '../system/support.ts';
import { access, added, ask, endpoint, given, root, type Login } from './clickhouse-users.ts';
import { answered, refused, type Parameters } from './tenant-attempts.ts';

const run = promisify(execFile);
/** In whatever globex has: ticket, texts, agents, the text of a query, the name of a snapshot's table. */
const SECRET = `zq${randomUUID().slice(0, 8)}`;
const ours = `TKT-OURS-${SECRET.slice(2)}`;
const theirs = `TKT-${SECRET}-1`;
const SNAPSHOT = `of_${process.pid}`;
const at = (minute: number): string => new Date(Date.UTC(2026, 10, 2, 9, minute)).toISOString();

let acme: Login;
let both: Login;
let service: Login;
let small: Login;

const story = (ticketId: string, integration: string, agent: string) => {
  const of = ticket(ticketId, integration);
  return [of.created(at(0), `${agent} was here`), of.assigned(at(1), { agent_id: agent, group_id: `${agent}-queue` }), of.message(at(2), { agent }, `text of ${agent}`), of.status(at(3), 'new', 'solved', { type: 'agent', id: agent })];
};
/** Of our own. */
const views = ['of_untold', 'wandering', 'of_all', 'of_mixed', 'of_mixed_untold'];
const snapshot = (...args: string[]): Promise<unknown> => run(process.execPath, ['infra/start/run.mjs', 'infra/snapshot/snapshot.ts', ...args]);

beforeAll(async () => {
  await Promise.all([...story(ours, 'acme', 'lea'), ...story(theirs, 'globex', SECRET)].map(sendUntilAccepted));
  acme = await added('mira', '--integration', 'acme', '--queries', '8');
  both = await added('agency', '--integration', 'globex', 'acme');
  service = await added('queue-analytics', '--service', 'queue');
  small = await added('small', '--integration', 'acme', '--seconds', '1', '--memory-mib', '60', '--result-rows', '100', '--queries', '1');
  await Promise.all([landed(ours, 4), landed(theirs, 4)]);
  await given(root, `INSERT INTO config.agent_names SELECT 0, 'globex', '${SECRET}', 'name of ${SECRET}'`);
  await given(root, `CREATE TABLE queue.untold_${SECRET} (word String) ENGINE = MergeTree ORDER BY word`);
  await given(root, `INSERT INTO queue.untold_${SECRET} SELECT '${SECRET}'`);
  await given(root, `CREATE VIEW queue.of_untold AS SELECT word FROM queue.untold_${SECRET}`);
  await given(root, `CREATE TABLE queue.mixed_${SECRET} (integration_id LowCardinality(String), word String) ENGINE = MergeTree ORDER BY integration_id`);
  await given(root, `INSERT INTO queue.mixed_${SECRET} SELECT number = 1 ? 'globex' : 'acme', number = 1 ? '${SECRET}' : '1' FROM numbers(2)`);
  await given(root, `CREATE VIEW queue.of_mixed AS SELECT * FROM queue.mixed_${SECRET}`);
  await given(root, `CREATE VIEW queue.of_mixed_untold AS SELECT word FROM queue.mixed_${SECRET}`);
  await given(root, "CREATE VIEW queue.wandering AS SELECT ticket_id FROM merge('queue', 'timeline')");
  await given(root, 'CREATE VIEW queue.of_all DEFINER = default SQL SECURITY DEFINER AS SELECT ticket_id FROM queue.timeline');
  await snapshot('create', SNAPSHOT);
});

afterAll(async () => {
  await snapshot('drop', SNAPSHOT);
  for (const name of [...views, `untold_${SECRET}`, `mixed_${SECRET}`]) await given(root, `DROP TABLE queue.${name}`);
  await given(root, `ALTER TABLE config.agent_names DELETE WHERE agent_id = '${SECRET}' SETTINGS mutations_sync = 1`);
  for (const { name } of [acme, both, service, small]) await access('remove', name);
  await closeClients();
});

const filled = (text: string): string => text.replaceAll('SECRET', SECRET).replaceAll('{snapshot}', SNAPSHOT).replaceAll('{ours}', ours);
/** Words of an answer that hold the secret and were not in the question. */
function leaked(answer: string, question: string): string[] {
  const said = new Set(question.split(/\W+/));
  return answer.split(/\W+/).filter((word) => word.includes(SECRET) && !said.has(word));
}

describe('an analyst of one tenant', () => {
  it.concurrent.each(refused.map(([sql, parameters = {}]) => ({ sql, parameters })))('is refused $sql $parameters', async ({ sql, parameters }) => {
    const answer = await ask(acme, filled(sql), parameters);
    expect(answer.text).toMatch(/^Code: (?:26|36|46|47|48|60|62|73|81|115|164|358|497)\. /);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(leaked(answer.text, filled(sql))).toStrictEqual([]);
  });

  it.concurrent.each(answered.map(([sql, expected, parameters = {}]) => ({ sql, expected, parameters })))('is answered $sql', async ({ sql, expected, parameters }) => {
    const answer = await ask(acme, filled(sql), parameters);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text.trimEnd()).toBe(expected);
  });

  it('is told the same of what is not there and of what is not theirs', async () => {
    for (const sql of ['SELECT * FROM queue.NAME', "SELECT 1 WHERE 'x' IN queue.NAME", 'DESCRIBE queue.NAME', 'EXISTS queue.NAME', 'SELECT * FROM NAME.tickets']) {
      const [theirs = '', none = ''] = await Promise.all([sql.includes('NAME.') ? 'config' : 'timeline', 'nothing_at_all'].map(async (name) => (await ask(acme, sql.replace('NAME', name))).text.replaceAll(name, 'NAME')));
      // Where a name may also be a column, the engine says so of one that is neither.
      if (sql.includes(' IN ')) expect(theirs).toMatch(/^Code: 60\./);
      else expect(theirs).toBe(none);
    }
  });

  it('reads every view, and finds in it what the administrator finds of that tenant', async () => {
    const found = (await given(root, "SELECT database || '.' || name, (database, name) IN (SELECT database, table FROM system.columns WHERE name = 'integration_id') FROM system.tables WHERE engine = 'View' AND database IN ('queue', 'agents', 'log') AND empty(parameterized_view_parameters) AND name NOT LIKE 'of_%' AND name != 'wandering'")).split('\n').map((line) => line.split('\t'));
    expect(found.length).toBeGreaterThan(20);
    for (const [view = '', hasTenant] of found) {
      if (hasTenant === '0') await given(acme, `SELECT count() FROM ${view}`);
      else expect([view, await given(acme, `SELECT count(), countIf(integration_id = 'acme') FROM ${view}`)]).toStrictEqual([view, await given(root, `SELECT count(), count() FROM ${view} WHERE integration_id = 'acme'`)]);
    }
  });

  it('sees nothing of a table that does not say whose its rows are, not even through a view', async () => {
    expect(await given(acme, 'SELECT count() FROM queue.of_untold')).toBe('0');
    expect(await given(root, 'SELECT count() FROM queue.of_untold')).toBe('1');
    expect((await ask(acme, 'SELECT * FROM queue.wandering')).text).toMatch(/^Code: 60\./);
    expect(await given(acme, `SELECT countIf(ticket_id = '${theirs}'), countIf(ticket_id = '${ours}') FROM queue.of_all`)).toBe('0\t4');
  });

  it('leaves dictionaries as they are for others, also when its query is the first to need one', async () => {
    await given(root, 'SYSTEM RELOAD DICTIONARY config.agent_name');
    await given(acme, 'SELECT * FROM agents.agent_scorecard');
    expect(await given(root, `SELECT agent_name('globex', '${SECRET}')`)).toBe(`name of ${SECRET}`);
  });

  it('is told nothing of how much was read: neither in headers nor in statistics of a format', async () => {
    for (const parameters of [{}, { wait_end_of_query: '1' }] as Parameters[]) {
      const answer = await ask(acme, 'SELECT ticket_id FROM queue.tickets LIMIT 1 FORMAT JSON', parameters);
      expect(answer.status).toBe(200);
      expect(answer.text).not.toMatch(/rows_read|bytes_read/);
      const summary = JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '{}') as Record<string, string>;
      expect([summary['read_rows'] ?? '0', summary['read_bytes'] ?? '0']).toStrictEqual(['0', '0']);
    }
  });

  it('has no part in a session, a query or a file of another user', async () => {
    const session = { session_id: 'shared' };
    await given(root, `CREATE TEMPORARY TABLE mine AS SELECT '${SECRET}' AS word`, session);
    expect((await ask(acme, 'SELECT * FROM mine', session)).text).toMatch(/^Code: 60\./);
    expect((await ask(acme, 'SELECT * FROM mine', { ...session, session_check: '1' })).text).toMatch(/^Code: 60\./);
    const form = new FormData();
    form.set('ids', new Blob(['1\n']), 'ids.tsv');
    expect((await ask(acme, form, { query: 'SELECT * FROM ids', ids_structure: 'id Int32' })).text).toMatch(/^Code: 164\./);
    const running = given(both, `SELECT '${SECRET}', count() FROM numbers(20000000) WHERE sipHash64(number) = 1`);
    for (const table of ['system.processes', 'system.query_log']) expect(leaked((await ask(acme, `SELECT query FROM ${table}`)).text, '')).toStrictEqual([]);
    await running;
  });

  it('ends its own query when it leaves, and none whose file is called alike', async () => {
    const leaving = request(endpoint, { method: 'POST', path: '/?wait_end_of_query=1', auth: `${acme.name}:${acme.password}` }).on('error', () => undefined);
    leaving.end('SELECT sum(sipHash64(number)) FROM numbers(100000000000)');
    const running = (): Promise<string> => given(root, "SELECT any(extract(query, 'INTO OUTFILE \\'(.*?)\\'')) FROM system.processes WHERE query LIKE '%numbers(100000000000)%INTO OUTFILE%' AND query NOT LIKE '%system.processes%'");
    const file = await eventually(async () => (await running()) || null, 'its query');
    const other = given(root, `SELECT sum(sleepEachRow(0.5)) FROM numbers(10) WHERE '${file}0' != '' SETTINGS max_block_size = 1`);
    await eventually(async () => ((await given(root, `SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow%' AND position(query, '${file}') > 0 AND query NOT LIKE '%system.processes%'`)) === '0' ? null : true), 'the other');
    leaving.destroy();
    await eventually(async () => ((await running()) === '' ? true : null), 'it is ended');
    expect(await other).toBe('0');
  });

  it('is held to limits of time, memory, rows and queries at once', async () => {
    const busy = ask(small, 'SELECT sum(sipHash64(number)) FROM numbers(100000000000)');
    // The first is known to run when the second is turned away.
    let second = await ask(small, 'SELECT 1');
    while (second.status === 200) second = await ask(small, 'SELECT 1');
    expect(second.text).toMatch(/^Code: 202\./);
    expect((await busy).text).toMatch(/^Code: 159\./);
    expect((await ask(small, 'SELECT length(groupArray(number)) FROM numbers(100000000)')).text).toMatch(/^Code: 241\./);
    expect((await ask(small, 'SELECT number FROM numbers(101)')).text).toMatch(/Code: 396\./);
    expect((await ask(small, 'SELECT count() FROM numbers(101)')).text).toBe('101\n');
  });

  // Every statement is read word by word in the process that serves all.
  it('keeps nobody waiting by the length of what it sends, packed or not', async () => {
    const blocks = Buffer.concat(Array.from({ length: 40 }, () => packBlock(Buffer.alloc(4_000_000, ' '))));
    const sent = await Promise.all([
      ask(acme, `SELECT 1${',1'.repeat(20_000_000)}`), ask(acme, gzipSync(`SELECT 1${',1'.repeat(20_000_000)}`), {}, { 'content-encoding': 'gzip' }), ask(acme, blocks, { decompress: '1' }),
      ask(acme, `SELECT ${'/* '.repeat(85_000)}`), ask(acme, `DESCRIBE a${' '.repeat(250_000)}x`), ask(acme, `SELECT ${'('.repeat(250_000)}`), ask(acme, `${'SELECT * FROM ('.repeat(900)}SELECT 1${')'.repeat(900)}`),
    ]);
    for (const { text } of sent) expect(text.slice(0, 300)).toMatch(/^Code: (?:60|62|167|168|298|306)\. /);
    // By the same connections, what they were refused lying in them.
    expect((await Promise.all(sent.map(() => given(acme, 'SELECT 1')))).join('')).toBe('1'.repeat(sent.length));
  });

  it('leaves a place for another tenant, however much it asks', async () => {
    let answers = 0;
    // One more than it may ask at once: when that is turned away the others are taken.
    const asked = Array.from({ length: 9 }, () => request(endpoint, { method: 'POST', auth: `${acme.name}:${acme.password}` }).on('error', () => undefined).on('response', (response) => answers += response.resume().statusCode === 200 ? 10 : 1).end('SELECT sum(sipHash64(number)) FROM numbers(100000000000)'));
    await vi.waitUntil(() => answers > 0, { timeout: 60_000 });
    expect(await given(both, 'SELECT 1')).toBe('1');
    expect(answers).toBe(1);
    for (const one of asked) one.destroy();
    await eventually(async () => ((await ask(acme, 'SELECT 1')).status === 200 ? true : null), 'those are ended');
  });

  it('gives its place back when it does not read its answer', async () => {
    const sql = "SELECT repeat('x', 500000) FROM numbers(100)";
    const deaf = request(endpoint, { method: 'POST', path: '/?max_block_size=1&buffer_size=1', auth: `${small.name}:${small.password}` });
    const ended = once(deaf.on('error', () => undefined).end(sql), 'close');
    await once(deaf, 'response');
    expect((await ask(small, 'SELECT 1')).text).toMatch(/^Code: 202\./);
    await eventually(async () => ((await ask(small, 'SELECT 1')).status === 200 ? true : null), 'its place');
    deaf.destroy();
    await ended;
  });
});

/** Of those who use it mira is an operator, and sees names: her questions are asked as they are written. */
const withDashboard = (work: (base: string, as: Record<string, string>) => Promise<void>, who = acme): Promise<void> => withLogin({ clickhouseUrl: endpoint.href, operators: ['mira'], seeNames: ['mira'] }, async (base) => {
  const login = await fetch(`${base}/api/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ user: who.name, password: who.password }) });
  expect(login.status).toBe(200);
  await work(base, { cookie: login.headers.get('set-cookie')?.split(';')[0] ?? '' });
});

describe('the dashboard, logged in to as an analyst', () => {
  const address = { from: '2026-11-02', to: '2026-11-03', at: new Date(Date.UTC(2026, 10, 2, 9, 30)).toISOString(), search: 'TKT' };

  it('answers every question of their tenant, and those of another as of one that is not there, in files, too', async () => {
    await withDashboard(async (base, headers) => {
      const told = async (name: string, more: Record<string, string>): Promise<{ status: number; text: string }> => {
        const query = new URLSearchParams({ ...address, ...more }).toString();
        const response = await fetch(`${base}/api/queries/${name}?${query}`, { headers });
        const text = await response.text();
        expect(leaked(text, query), `${name}?${query}`).toStrictEqual([]);
        return { status: response.status, text };
      };
      const rowsOf = ({ text }: { text: string }): unknown => (JSON.parse(text) as Told).rows;
      await Promise.all([...readCatalogue().keys()].map(async (name) => {
        expect((await told(name, { tenant: 'acme', ticket: ours })).status, name).toBe(200);
        const other = await told(name, { tenant: 'globex', ticket: theirs, agent: SECRET });
        expect(other.status, name).toBe(200);
        // A row of sums is there for whomever it is asked.
        const nothing = /^pipeline|^desk.tenants|^desk.snapshots/.test(name) || JSON.stringify(rowsOf(other)) === '[]';
        if (!nothing) expect(rowsOf(other), name).toStrictEqual(rowsOf(await told(name, { tenant: 'nobody', ticket: theirs })));
      }));
      for (const name of ['now/tickets.csv', 'queues/created.csv', 'ticket/events.parquet']) expect((await told(name, { tenant: 'globex', ticket: theirs })).status, name).toBe(200);
      expect(rowsOf(await told('desk/tenants', {}))).toMatchObject([{ integration_id: 'acme' }]);
      expect(rowsOf(await told('ticket/ticket', { tenant: 'acme', ticket: ours }))).toMatchObject([{ ticket_id: ours, status: 'solved' }]);
      expect((await told('ticket/search', { tenant: 'acme', search: theirs })).text).not.toContain(`"ticket_id":"${theirs}"`);
      expect(rowsOf(await told('sla/attainment', { tenant: 'globex', snapshot: SNAPSHOT }))).toStrictEqual([]);
    });
  });

  it('shows the first lines of quarantined records to operators, of their tenant only', async () => {
    const broken = (id: string, integration: string, agent: string) => {
      const event = ticket(id, integration).message(at(5), { agent });
      return { ...event, payload: { ...event.payload, sent_at: `not a time, said ${agent}` } };
    };
    const sent = [broken(ours, 'acme', 'lea'), broken(theirs, 'globex', SECRET)];
    expect(await Promise.all(sent.map(sendUntilAccepted))).toStrictEqual(['quarantined', 'quarantined']);
    for (const { event_id: id } of sent) await eventually(async () => (await given(root, `SELECT count() FROM log.quarantine WHERE event_id = '${id}'`) === '1' ? true : null), `${id} in quarantine`);
    const path = '/api/queries/pipeline/quarantine-records?tenant=acme';
    await withDashboard(async (base, headers) => {
      const text = await (await fetch(base + path, { headers })).text();
      const { rows } = JSON.parse(text) as Told;
      // Other records of theirs may be there, too.
      expect(rows.find(({ event_id: id }) => id === sent[0]?.event_id)).toMatchObject({ integration_id: 'acme', first_lines: expect.stringContaining(ours) as string });
      expect(new Set(rows.map(({ integration_id: id }) => id))).toStrictEqual(new Set(['acme']));
      expect(text).not.toContain(SECRET);
    });
    await withDashboard(async (base, headers) => {
      expect((await fetch(base + path, { headers })).status).toBe(403);
      expect((await fetch(base + path.replace('?', '.csv?'), { headers })).status).toBe(403);
      expect((await fetch(`${base}/api/services`, { headers })).status).toBe(403);
    }, both);
  });

  it('hears nothing of another tenant on the live page', async () => {
    await withDashboard(async (base, headers) => {
      const response = await fetch(`${base}/api/live?tenant=globex`, { headers });
      let heard = '';
      for await (const part of response.body ?? []) if (/event: [^]*\n\n/.test(heard += Buffer.from(part).toString())) break;
      expect(heard).toMatch(/event: answer\ndata: .*"rows":\[\]/);
    });
  });
});

describe('other users', () => {
  it('of two tenants see both, and no third', async () => {
    const seen = 'SELECT arraySort(groupUniqArray(integration_id)) FROM log.events';
    expect(await given(both, seen)).toBe("['acme','globex']");
    expect(await given(both, `SELECT count() FROM queue.tickets WHERE ticket_id = '${theirs}'`)).toBe('1');
    expect(await given(acme, seen)).toBe("['acme']");
  });

  it('of services read everything, write one database, and do nothing else', async () => {
    expect(await given(service, `SELECT count() FROM log.events WHERE ticket_id = '${theirs}'`)).toBe('4');
    await given(service, 'INSERT INTO queue.failed_tickets (integration_id) SELECT integration_id FROM queue.failed_tickets WHERE 0');
    for (const sql of ['INSERT INTO log.event_store (ticket_id) SELECT ticket_id FROM log.event_store WHERE 0', 'DROP VIEW queue.of_untold', 'CREATE DATABASE mine', "SELECT * FROM file('*', LineAsString)", 'SET ROLE owner', 'ALTER TABLE queue.timeline DELETE WHERE 1', 'KILL QUERY WHERE 1']) {
      expect((await ask(service, sql)).text, sql).toMatch(/^Code: (?:48|164|497)\. /);
    }
  });

  it('are refused with a wrong password, an old one, a made-up name, and after they were removed', async () => {
    expect((await ask({ ...acme, password: 'wrong' }, 'SELECT 1')).text).toMatch(/^Code: 516\./);
    expect((await ask({ name: 'nobody', password: '' }, 'SELECT 1')).text).toMatch(/^Code: 516\./);
    const rotated = /: (\S+)\n/.exec(await access('rotate', 'small'))?.[1] ?? '';
    expect((await ask(small, 'SELECT 1')).text).toMatch(/^Code: 516\./);
    expect(await given({ ...small, password: rotated }, 'SELECT 1')).toBe('1');
    expect(await access('list')).toMatch(/mira +│ analyst +│ acme /);
    await access('remove', 'small');
    expect((await ask({ ...small, password: rotated }, 'SELECT 1')).text).toMatch(/^Code: 516\./);
    small = await added('small', '--administrator');
    expect(await given(small, `SELECT count() FROM queue.timeline WHERE ticket_id = '${theirs}'`)).toBe('4');
  });
});

test('a web page of elsewhere is refused, also one whose name was turned to this machine', async () => {
  const asked = (headers: Record<string, string>): Promise<number | undefined> => new Promise((done, failed) => {
    get(`${endpoint.protocol}//${endpoint.host}/?query=SELECT+1`, { headers: { authorization: `Basic ${Buffer.from(`${root.name}:${root.password}`).toString('base64')}`, ...headers } }, (response) => done(response.resume().statusCode)).once('error', failed);
  });
  expect(await asked({})).toBe(200);
  expect(await asked({ origin: 'http://elsewhere.example' })).toBe(403);
  expect(await asked({ host: `elsewhere.example:${endpoint.port}` })).toBe(403);
});

describe('who has no password', () => {
  const head = (path: string, length: string): string => `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${length}\r\n\r\n`;
  const opened = (localAddress = '127.0.0.1'): Socket => connect({ port: Number(endpoint.port), host: endpoint.hostname, localAddress }).on('error', () => undefined).resume();
  /** An error of it is no matter here. */
  const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));
  /** Begins a request, and sends a little of the rest each second until its connection is closed. */
  const trickle = async ([first, rest]: readonly [string, string]): Promise<void> => {
    const socket = opened();
    socket.write(first);
    const timer = setInterval(() => socket.write(rest), 1_000);
    await closed(socket);
    clearInterval(timer);
  };

  it('is cut off when slow, while who has one takes all the time', async () => {
    const hasty = await added('hasty', '--integration', 'acme', '--seconds', '1');
    const patient = request(endpoint, { method: 'POST', auth: `${root.name}:${root.password}` });
    const answer = once(patient, 'response') as Promise<[IncomingMessage]>;
    patient.write('SELECT ');
    await Promise.all(([
      ['', ''], ['POST / HTTP/1.1\r\nhost: localhost\r\n', 'x: y\r\n'], [head('/?user=nobody', 'content-length: 1000000'), ' '], [head('/?user=nobody&password=x', 'transfer-encoding: chunked'), '1\r\nx\r\n'],
      [head('/?user=nobody', 'content-type: multipart/form-data; boundary=x\r\ncontent-length: 1000000'), ' '], [head('/ping', 'content-length: 1000000'), ' '], [head('/nowhere', 'content-length: 1000000'), ' '],
      // Of an analyst that is the time for a query.
      [head('/', `authorization: Basic ${Buffer.from(`${hasty.name}:${hasty.password}`).toString('base64')}\r\ncontent-length: 100000`), ' '],
    ] as const).map(trickle));
    patient.end('42');
    expect(await text((await answer)[0])).toBe('42\n');
    await access('remove', hasty.name);
  });

  it('has some of the connections of all at most', async () => {
    const many = Array.from({ length: CONNECTIONS.maxOfOneAddress + 1 }, () => opened('127.0.0.3'));
    await Promise.race(many.map(closed));
    // Those that are cut off for their silence are told so.
    expect(many.filter((socket) => socket.closed && socket.bytesRead === 0)).toHaveLength(1);
    expect(await given(root, 'SELECT 1')).toBe('1');
    for (const socket of many) socket.destroy();
  });

  it('is cut off when it reads no answers', async () => {
    const deaf = connect({ port: Number(endpoint.port), host: endpoint.hostname }).on('error', () => undefined).pause();
    const ended = closed(deaf);
    deaf.write('GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(500_000));
    await ended;
    expect(await given(root, 'SELECT 1')).toBe('1');
  });
});

describe('drivers with their defaults, as an analyst', () => {
  it('@clickhouse/client', async () => {
    const client = createClient({ url: `${endpoint.protocol}//${endpoint.host}`, username: acme.name, password: acme.password, database: 'queue', session_id: 'mine', compression: { response: true } });
    const answer = await client.query({ query: 'SELECT DISTINCT integration_id FROM tickets WHERE ticket_id = {id:String}', query_params: { id: ours }, format: 'JSONEachRow', clickhouse_settings: { max_execution_time: 10, output_format_json_quote_64bit_integers: 0 } });
    expect(await answer.json()).toStrictEqual([{ integration_id: 'acme' }]);
    await client.close();
  });

  it('clickhouse-connect', async () => {
    const script = `import clickhouse_connect, sys
for compress in (True, "gzip", False):
    client = clickhouse_connect.get_client(host="${endpoint.hostname}", port=${endpoint.port}, username="mira", password=sys.argv[1], database="queue", compress=compress)
    print(client.query("SELECT DISTINCT integration_id FROM tickets WHERE ticket_id = {id:String}", parameters={"id": sys.argv[2]}).result_rows)
print(sum(len(block) for block in client.query_row_block_stream("SELECT number FROM numbers(100000)").__enter__()))`;
    const { stdout } = await run(environment.python, ['-c', script, acme.password, ours]);
    expect(stdout).toBe("[('acme',)]\n[('acme',)]\n[('acme',)]\n100000\n");
  });
});

test('the statements for a ClickHouse server are of its language', async () => {
  const statements = (await access('sql')).split(';\n').map((text) => text.trim()).filter((text) => text !== '');
  expect(statements.length).toBeGreaterThan(20);
  // One of each form.
  for (const sql of new Map(statements.map((text) => [text.replaceAll(/`[^`]*`/g, ''), text])).values()) await given(root, `EXPLAIN AST ${sql}`);
});
