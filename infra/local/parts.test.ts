import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clickhouseUrl, kafkaProperties, partSpec } from './parts.ts';
import { partNames } from './settings.ts';

const ports = { kafka: 1001, kafkaController: 1002, registry: 1003, clickhouse: 1004 };

describe('parts of the stack', () => {
  it('makes Kafka listen on loopback, on the given ports', () => {
    const lines = kafkaProperties(ports).trim().split('\n');
    assert.ok(lines.includes('listeners=BROKER://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002'));
    assert.ok(lines.includes('advertised.listeners=BROKER://127.0.0.1:1001'));
    assert.ok(lines.includes('controller.quorum.voters=1@127.0.0.1:1002'));
    assert.ok(lines.includes('log.dirs=kafka/log'));
    assert.ok(lines.includes('auto.create.topics.enable=false'));
    assert.ok(lines.every((line) => /^[a-z.]+=\S+$/.test(line)), 'one setting a line');
  });

  it('gives Java programs no path that depends on the data folder’s, nor on the locale', () => {
    const installation = { java: '/j/bin/java', kafkaDir: '/c/kafka', registryDir: '/c/registry', clickhouseDir: '/c/clickhouse' };
    for (const part of ['kafka', 'registry'] as const) {
      const spec = partSpec(part, { dataDir: '/home/Jürgen', ports, installation, env: { LC_ALL: 'C' } });
      assert.equal(spec.cwd, '/home/Jürgen');
      assert.ok(spec.args.every((arg) => !arg.includes('Jürgen')));
      assert.equal(spec.env['LC_ALL'], 'C.UTF-8');
    }
    assert.ok(!kafkaProperties(ports).includes('Jürgen'));
  });

  it('puts user and password of the local ClickHouse into its URL', () => {
    assert.equal(clickhouseUrl(ports), 'http://127.0.0.1:1004');
    assert.equal(clickhouseUrl(ports, { CLICKHOUSE_PASSWORD: 'p@/%' }), 'http://default:p%40%2F%25@127.0.0.1:1004');
    assert.equal(clickhouseUrl(ports, { CLICKHOUSE_USER: 'me', CLICKHOUSE_PASSWORD: '' }), 'http://me:@127.0.0.1:1004');
  });

  it('has an own log, and knows where the programs are', () => {
    const installation = { java: '/j/bin/java', kafkaDir: '/c/kafka', registryDir: '/c/registry', clickhouseDir: '/c/clickhouse' };
    const specs = partNames.map((part) => partSpec(part, { dataDir: '/data', ports, installation, env: { A: '1' } }));
    assert.deepEqual(specs.map((spec) => spec.logFile), ['/data/logs/kafka.log', '/data/logs/registry.log', '/data/logs/clickhouse.log']);
    assert.deepEqual(specs.map((spec) => spec.env['A']), ['1', '1', '1']);
    const clickhouse = specs.find((spec) => spec.name === 'clickhouse');
    assert.equal(clickhouse?.env['CHDB_HOME'], '/c/clickhouse');
    assert.equal(clickhouse.env['CLICKHOUSE_PORT'], '1004');
  });
});
