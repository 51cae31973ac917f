import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { answers, portProblems } from './ports.ts';

function listen(host: string): Promise<{ port: number; close: () => Promise<void> }> {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      done({ port, close: () => new Promise((closed) => server.close(() => closed())) });
    });
  });
}

describe('port check', () => {
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    it(`names the busy port on ${host}, who holds it and the variable that moves it`, async () => {
      const busy = await listen(host);
      try {
        const [problem, ...others] = await portProblems([{ port: busy.port, title: 'ClickHouse', variable: 'CLICKHOUSE_PORT' }]);
        assert.ok(problem !== undefined);
        assert.ok(problem.startsWith(`port ${busy.port} (ClickHouse) is in use`));
        assert.ok(problem.endsWith('; set CLICKHOUSE_PORT'));
        if (process.platform === 'linux') assert.ok(problem.includes(`by pid ${process.pid} (`));
        assert.deepEqual(others, []);
      } finally {
        await busy.close();
      }
    });
  }

  it('finds nothing to say about a free port', async () => {
    const { port, close } = await listen('127.0.0.1');
    await close();
    assert.equal(await answers(port), false);
    assert.deepEqual(await portProblems([{ port, title: 'Kafka', variable: 'KAFKA_PORT' }]), []);
  });

  it('takes a connection of a socket with itself for nobody, and leaves the port free', async () => {
    const { port, close } = await listen('127.0.0.1');
    await close();
    assert.equal(await answers(port, { localAddress: '127.0.0.1', localPort: port }), false);
    assert.deepEqual(await portProblems([{ port, title: 'Kafka', variable: 'KAFKA_PORT' }]), []);
  });

  it('refuses one port for two parts', async () => {
    const { port, close } = await listen('127.0.0.1');
    await close();
    const problems = await portProblems([
      { port, title: 'Kafka', variable: 'KAFKA_PORT' },
      { port, title: 'ClickHouse', variable: 'CLICKHOUSE_PORT' },
    ]);
    assert.deepEqual(problems, [`port ${port} is wanted by both Kafka and ClickHouse; set CLICKHOUSE_PORT`]);
  });
});
