import { describe, expect, it } from 'vitest';
import { clickhouseUrl, kafkaProperties, partSpec } from './parts.ts';
import { partNames } from './settings.ts';

const ports = { kafka: 1001, kafkaController: 1002, registry: 1003, clickhouse: 1004 };

describe('parts of the stack', () => {
  it('makes Kafka listen on loopback, on the given ports', () => {
    const lines = kafkaProperties(ports).trim().split('\n');
    expect(lines).toContain('listeners=BROKER://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002');
    expect(lines).toContain('advertised.listeners=BROKER://127.0.0.1:1001');
    expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:1002');
    expect(lines).toContain('log.dirs=kafka/log');
    expect(lines).toContain('auto.create.topics.enable=false');
    expect(lines.every((line) => /^[a-z.]+=\S+$/.test(line)), 'one setting a line').toBe(true);
  });

  it('gives Java programs no path that depends on the data folder’s, nor on the locale', () => {
    const installation = { java: '/j/bin/java', kafkaDir: '/c/kafka', registryDir: '/c/registry', clickhouseDir: '/c/clickhouse' };
    for (const part of ['kafka', 'registry'] as const) {
      const spec = partSpec(part, { dataDir: '/home/Jürgen', ports, installation, env: { LC_ALL: 'C' } });
      expect(spec.cwd).toBe('/home/Jürgen');
      expect(spec.args.every((arg) => !arg.includes('Jürgen'))).toBe(true);
      expect(spec.env['LC_ALL']).toBe('C.UTF-8');
    }
    expect(kafkaProperties(ports)).not.toContain('Jürgen');
  });

  it('puts user and password of the local ClickHouse into its URL', () => {
    expect(clickhouseUrl(ports)).toBe('http://127.0.0.1:1004');
    expect(clickhouseUrl(ports, { CLICKHOUSE_PASSWORD: 'p@/%' })).toBe('http://default:p%40%2F%25@127.0.0.1:1004');
    expect(clickhouseUrl(ports, { CLICKHOUSE_USER: 'me', CLICKHOUSE_PASSWORD: '' })).toBe('http://me:@127.0.0.1:1004');
  });

  it('has an own log, and knows where the programs are', () => {
    const installation = { java: '/j/bin/java', kafkaDir: '/c/kafka', registryDir: '/c/registry', clickhouseDir: '/c/clickhouse' };
    const specs = partNames.map((part) => partSpec(part, { dataDir: '/data', ports, installation, env: { A: '1' } }));
    expect(specs.map((spec) => spec.logFile)).toStrictEqual(['/data/logs/kafka.log', '/data/logs/registry.log', '/data/logs/clickhouse.log']);
    expect(specs.map((spec) => spec.env['A'])).toStrictEqual(['1', '1', '1']);
    const clickhouse = specs.find((spec) => spec.name === 'clickhouse');
    expect(clickhouse?.env['CHDB_HOME']).toBe('/c/clickhouse');
    expect(clickhouse?.env['CLICKHOUSE_PORT']).toBe('1004');
  });
});
