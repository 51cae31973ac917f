import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
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
        expect.assert(problem !== undefined);
        expect(problem.startsWith(`port ${busy.port} (ClickHouse) is in use`)).toBe(true);
        expect(problem.endsWith('; set CLICKHOUSE_PORT')).toBe(true);
        if (process.platform === 'linux') expect(problem).toContain(`by pid ${process.pid} (`);
        expect(others).toStrictEqual([]);
      } finally {
        await busy.close();
      }
    });
  }

  it('finds nothing to say about a free port', async () => {
    const { port, close } = await listen('127.0.0.1');
    await close();
    expect(await answers(port)).toBe(false);
    expect(await portProblems([{ port, title: 'Kafka', variable: 'KAFKA_PORT' }])).toStrictEqual([]);
  });

  it('takes a connection of a socket with itself for nobody, and leaves the port free', async () => {
    const { port, close } = await listen('127.0.0.1');
    await close();
    expect(await answers(port, { localAddress: '127.0.0.1', localPort: port })).toBe(false);
    expect(await portProblems([{ port, title: 'Kafka', variable: 'KAFKA_PORT' }])).toStrictEqual([]);
  });

  it('refuses one port for two parts', async () => {
    const { port, close } = await listen('127.0.0.1');
    await close();
    const problems = await portProblems([
      { port, title: 'Kafka', variable: 'KAFKA_PORT' },
      { port, title: 'ClickHouse', variable: 'CLICKHOUSE_PORT' },
    ]);
    expect(problems).toStrictEqual([`port ${port} is wanted by both Kafka and ClickHouse; set CLICKHOUSE_PORT`]);
  });
});
