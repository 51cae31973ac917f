import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kafkaProperties, partSpec } from './parts.ts';
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
