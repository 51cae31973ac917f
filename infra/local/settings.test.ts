import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cacheFolder, projectDir, readSettings, SetupError } from './settings.ts';

describe('settings of the local stack', () => {
  it('takes the usual ports and the project’s data folder when nothing is set', () => {
    const settings = readSettings({});
    assert.deepEqual(settings.ports, { kafka: 9092, kafkaController: 9093, registry: 8081, clickhouse: 8123 });
    assert.equal(settings.dataDir, `${projectDir}.data`);
  });

  it('takes each port from its variable', () => {
    const { ports } = readSettings({ KAFKA_PORT: '1', KAFKA_CONTROLLER_PORT: '2', REGISTRY_PORT: '3', CLICKHOUSE_PORT: '4' });
    assert.deepEqual(ports, { kafka: 1, kafkaController: 2, registry: 3, clickhouse: 4 });
  });

  it('reports all wrong ports at once', () => {
    assert.throws(() => readSettings({ KAFKA_PORT: 'x', REGISTRY_PORT: '70000', CLICKHOUSE_PORT: '-1' }), (error) => {
      assert.ok(error instanceof SetupError);
      assert.equal(error.exitCode, 2);
      assert.deepEqual(error.problems.map((problem) => problem.split('=')[0]), ['KAFKA_PORT', 'REGISTRY_PORT', 'CLICKHOUSE_PORT']);
      return true;
    });
  });

  it('takes any character in the data folder’s path but the few that a part can’t', () => {
    const odd = '/home/Jürgen 日本/#1+2%41 o\'b"q;=,&:';
    assert.equal(readSettings({ DATA_DIR: odd }).dataDir, odd);
    for (const character of ['*', '?', '{', ']', '\\']) {
      assert.throws(() => readSettings({ DATA_DIR: `/a${character}b` }), (error) => error instanceof SetupError && error.message.startsWith('DATA_DIR: '));
    }
  });

  it('ignores a relative XDG_CACHE_HOME, as its specification asks', () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: '/somewhere' }), '/somewhere/ticketstream');
    assert.match(cacheFolder({ XDG_CACHE_HOME: 'here' }), /\.cache\/ticketstream$/);
  });
});
