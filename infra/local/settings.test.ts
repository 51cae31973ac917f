import { describe, expect, it } from 'vitest';
import { cacheFolder, projectDir, readSettings, SetupError } from './settings.ts';

describe('settings of the local stack', () => {
  it('takes the usual ports and the project’s data folder when nothing is set', () => {
    const settings = readSettings({});
    expect(settings.ports).toStrictEqual({ kafka: 9092, kafkaController: 9093, registry: 8081, clickhouse: 8123 });
    expect(settings.dataDir).toBe(`${projectDir}.data`);
  });

  it('takes each port from its variable', () => {
    const { ports } = readSettings({ KAFKA_PORT: '1', KAFKA_CONTROLLER_PORT: '2', REGISTRY_PORT: '3', CLICKHOUSE_PORT: '4' });
    expect(ports).toStrictEqual({ kafka: 1, kafkaController: 2, registry: 3, clickhouse: 4 });
  });

  it('reports all wrong ports at once', () => {
    expect(() => readSettings({ KAFKA_PORT: 'x', REGISTRY_PORT: '70000', CLICKHOUSE_PORT: '-1' })).toThrow(expect.toSatisfy((error) => {
      expect.assert(error instanceof SetupError);
      expect(error.exitCode).toBe(2);
      expect(error.problems.map((problem) => problem.split('=')[0])).toStrictEqual(['KAFKA_PORT', 'REGISTRY_PORT', 'CLICKHOUSE_PORT']);
      return true;
    }));
  });

  it('takes any character in the data folder’s path but the few that a part can’t', () => {
    const odd = '/home/Jürgen 日本/#1+2%41 o\'b"q;=,&:';
    expect(readSettings({ DATA_DIR: odd }).dataDir).toBe(odd);
    for (const character of ['*', '?', '{', ']', '\\']) {
      expect(() => readSettings({ DATA_DIR: `/a${character}b` })).toThrow(expect.toSatisfy((error) => error instanceof SetupError && error.message.startsWith('DATA_DIR: ')));
    }
  });

  it('lets ClickHouse out of this machine with a password only', () => {
    expect(() => readSettings({ CLICKHOUSE_HOST: '127.0.0.1' })).not.toThrow();
    expect(() => readSettings({ CLICKHOUSE_HOST: '0.0.0.0', CLICKHOUSE_PASSWORD: 'long enough, is it' })).not.toThrow();
    expect(() => readSettings({ CLICKHOUSE_HOST: '0.0.0.0' })).toThrow(/needs a CLICKHOUSE_PASSWORD .*there is none/);
    expect(() => readSettings({ CLICKHOUSE_HOST: '::', CLICKHOUSE_PASSWORD: 'short' })).toThrow(/needs a CLICKHOUSE_PASSWORD/);
    for (const guessed of ['passwordpassword', '000000000000', 'changemechangeme']) expect(() => readSettings({ CLICKHOUSE_HOST: '0.0.0.0', CLICKHOUSE_PASSWORD: guessed }), guessed).toThrow(/8 of them different/);
    expect(() => readSettings({ CLICKHOUSE_HOST: '192.168.0.1', CLICKHOUSE_PASSWORD: 'long enough, is it' })).toThrow(/CLICKHOUSE_HOST=192/);
  });

  it('ignores a relative XDG_CACHE_HOME, as its specification asks', () => {
    expect(cacheFolder({ XDG_CACHE_HOME: '/somewhere' })).toBe('/somewhere/ticketstream');
    expect(cacheFolder({ XDG_CACHE_HOME: 'here' })).toMatch(/\.cache\/ticketstream$/);
  });
});
