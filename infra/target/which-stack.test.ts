import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { identify } from '../local/supervisor/identity.ts';
import type { Environment } from '../local/settings.ts';
import { contradictions, locate, namedHere, withoutPassword, type Needs } from './which-stack.ts';

const change: Needs = { command: 'config apply', parts: ['clickhouse'], changes: true };
const read: Needs = { ...change, command: 'config show', changes: false };
const replay: Needs = { command: 'quarantine replay', parts: ['kafka', 'registry'], files: ['SCHEMAS_LOCK', 'INTEGRATIONS_FILE'], changes: true };

const connection = {
  KAFKA_BROKERS: '127.0.0.1:1001', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1003/apis/ccompat/v7', CLICKHOUSE_URL: 'http://default:s%40cret@127.0.0.1:1004',
  SCHEMAS_LOCK: '/run/lock.json', INTEGRATIONS_FILE: '/run/integrations.json', INGRESS_PORT: '1000',
};

let folder = '';
let running = '';
let empty = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ticketstream-which-'));
  running = await mkdtemp(join(folder, 'running-'));
  empty = await mkdtemp(join(folder, 'empty-'));
  // This very process plays the supervisor.
  await writeFile(join(running, 'supervisor.json'), JSON.stringify({ supervisor: identify(process.pid), processes: [], connection }));
});
afterAll(() => rm(folder, { recursive: true }));

async function refusal(needs: Needs, env: Environment): Promise<string> {
  try {
    await locate(needs, env);
  } catch (error) {
    expect.assert(error instanceof RuntimeError);
    expect(error.code).toBe('CONFIG_INVALID');
    return error.message;
  }
  return expect.fail('it goes on');
}

describe('which stack a command works on', () => {
  it('is the one that runs on the data folder, with its password and its files', async () => {
    const env = await locate(replay, { DATA_DIR: running });
    expect(env['KAFKA_BROKERS']).toBe(connection.KAFKA_BROKERS);
    expect(env['SCHEMA_REGISTRY_URL']).toBe(connection.SCHEMA_REGISTRY_URL);
    expect(env['SCHEMAS_LOCK']).toBe(connection.SCHEMAS_LOCK);
    expect(env['INTEGRATIONS_FILE']).toBe(connection.INTEGRATIONS_FILE);
    expect((await locate(change, { DATA_DIR: running }))['CLICKHOUSE_URL']).toBe(connection.CLICKHOUSE_URL);
  });

  it('is the same when its own ports are set too, and a password given now is the one that is used', async () => {
    expect((await locate(change, { DATA_DIR: running, CLICKHOUSE_PORT: '1004' }))['CLICKHOUSE_URL']).toBe(connection.CLICKHOUSE_URL);
    expect((await locate(change, { DATA_DIR: running, CLICKHOUSE_PASSWORD: 'a/b' }))['CLICKHOUSE_URL']).toBe('http://default:a%2Fb@127.0.0.1:1004');
  });

  it('is what the URLs say, before everything else', async () => {
    const env = await locate(change, { DATA_DIR: running, CLICKHOUSE_URL: 'https://db.example:8443', CLICKHOUSE_PORT: '1004' });
    expect(env['CLICKHOUSE_URL']).toBe('https://db.example:8443');
  });

  it('is what the ports say where nothing runs', async () => {
    const env = await locate(change, { DATA_DIR: empty, CLICKHOUSE_PORT: '38123', CLICKHOUSE_USER: 'me', CLICKHOUSE_PASSWORD: 'p' });
    expect(env['CLICKHOUSE_URL']).toBe('http://me:p@127.0.0.1:38123');
    expect(env['SCHEMAS_LOCK']).toBe(join(empty, 'schemas.lock.json'));
  });

  it('is refused when a port is not the one of the stack that runs there', async () => {
    expect(await refusal(change, { DATA_DIR: running, CLICKHOUSE_PORT: '38123' })).toMatch(/changed nothing: CLICKHOUSE_PORT=38123, but the stack that runs on .* has its ClickHouse on 127\.0\.0\.1:1004/);
    expect(await refusal(read, { DATA_DIR: running, CLICKHOUSE_PORT: '38123' })).toMatch(/CLICKHOUSE_PORT/);
  });

  it('is refused when a part that it does not need is named elsewhere, unless nothing is changed', async () => {
    expect(await refusal(change, { DATA_DIR: running, KAFKA_PORT: '39092' })).toMatch(/KAFKA_PORT=39092, but the stack that runs on .* has its Kafka on 127\.0\.0\.1:1001/);
    expect(await refusal(change, { DATA_DIR: running, SCHEMA_REGISTRY_URL: 'http://registry.example' })).toMatch(/schema registry would not be of the stack .* ClickHouse/);
    expect((await locate(read, { DATA_DIR: running, KAFKA_PORT: '39092' }))['CLICKHOUSE_URL']).toBe(connection.CLICKHOUSE_URL);
    expect((await locate(change, { DATA_DIR: running, KAFKA_PORT: '1001' }))['CLICKHOUSE_URL']).toBe(connection.CLICKHOUSE_URL);
    const all = { KAFKA_PORT: '39092', CLICKHOUSE_URL: 'http://127.0.0.1:38123' };
    expect((await locate({ ...change, parts: ['clickhouse'] }, { DATA_DIR: empty, ...all }))['CLICKHOUSE_URL']).toBe(all.CLICKHOUSE_URL);
  });

  it('is refused when nothing tells, unless nothing is changed', async () => {
    expect(await refusal(change, { DATA_DIR: empty })).toMatch(/nothing runs on .*CLICKHOUSE_URL or CLICKHOUSE_PORT/);
    expect(await refusal(replay, { DATA_DIR: empty, KAFKA_PORT: '39092' })).toMatch(/schema registry \(SCHEMA_REGISTRY_URL or REGISTRY_PORT\)/);
    expect((await locate(read, { DATA_DIR: empty }))['CLICKHOUSE_URL']).toBe('http://127.0.0.1:8123');
  });

  it('is refused when a part is elsewhere and another, or the files, would be those of the stack here', async () => {
    const kafka = { KAFKA_BROKERS: 'kafka.example:9092' };
    expect(await refusal(replay, { DATA_DIR: running, ...kafka })).toMatch(/Kafka would not be of the stack .* schema registry .* INTEGRATIONS_FILE/);
    const both = { ...kafka, SCHEMA_REGISTRY_URL: 'http://registry.example' };
    expect(await refusal(replay, { DATA_DIR: running, ...both })).toMatch(/SCHEMAS_LOCK, INTEGRATIONS_FILE/);
    const env = await locate(replay, { DATA_DIR: running, ...both, SCHEMAS_LOCK: '/a/lock.json', INTEGRATIONS_FILE: '/a/integrations.json' });
    expect(env['KAFKA_BROKERS']).toBe('kafka.example:9092');
  });

  it('is refused when the door belongs to another stack than the ClickHouse', async () => {
    const send: Needs = { ...change, command: 'demo', ingressUrl: 'http://127.0.0.1:8080' };
    expect(await refusal(send, { DATA_DIR: running })).toMatch(/the ingress would not be/);
    expect((await locate({ ...send, ingressUrl: 'http://localhost:1000' }, { DATA_DIR: running }))['CLICKHOUSE_URL']).toBe(connection.CLICKHOUSE_URL);
  });

  it('tells a wrong port as a wrong setting', async () => {
    expect(await refusal(change, { DATA_DIR: running, CLICKHOUSE_PORT: 'x' })).toMatch(/CLICKHOUSE_PORT=x is not a port/);
  });

  it('is not the one whose supervisor has died, nor one whose note is cut', async () => {
    const dead = await mkdtemp(join(folder, 'dead-'));
    await writeFile(join(dead, 'supervisor.json'), JSON.stringify({ supervisor: { pid: 4_194_305, mark: 'x' }, processes: [], connection }));
    expect(await refusal(change, { DATA_DIR: dead })).toMatch(/nothing runs/);
    for (const text of ['', '{"supervisor":', 'null', '[]', '{"supervisor":{"pid":1}}']) {
      await writeFile(join(dead, 'supervisor.json'), text);
      expect(await refusal(change, { DATA_DIR: dead })).toMatch(/nothing runs/);
    }
    // The lock still says who runs.
    await writeFile(join(dead, 'supervisor.lock'), JSON.stringify(identify(process.pid)));
    expect(await refusal(change, { DATA_DIR: dead })).toMatch(/doesn't say where it is/);
  });

  it('finds the ports that are another stack’s before that one is stopped or emptied', () => {
    expect(contradictions({ KAFKA_PORT: '1001', REGISTRY_PORT: '1003' }, running, connection)).toStrictEqual([]);
    expect(contradictions({ KAFKA_PORT: '9092', REGISTRY_PORT: '8081' }, running, connection).length).toBe(2);
    expect(contradictions({ CLICKHOUSE_URL: 'http://u:secret@db.example:8123' }, running, connection)).toStrictEqual([
      `CLICKHOUSE_URL=http://db.example:8123, but the stack that runs on ${running} has its ClickHouse on 127.0.0.1:1004`]);
    expect(contradictions({ CLICKHOUSE_URL: 'http://localhost:1004/' }, running, connection)).toStrictEqual([]);
    expect(namedHere({ KAFKA_PORT: '38092', CLICKHOUSE_URL: 'http://localhost:38123', SCHEMA_REGISTRY_URL: 'https://registry.example' })).toStrictEqual([
      { variable: 'KAFKA_PORT', port: 38_092 }, { variable: 'CLICKHOUSE_URL', port: 38_123 }]);
    expect(namedHere({ DATA_DIR: running })).toStrictEqual([]);
  });

  it('is never said with a password', () => {
    expect(withoutPassword('http://default:p@ss@h:1/x')).toBe('http://h:1/x');
    expect(withoutPassword('http://h:1')).toBe('http://h:1');
  });
});
