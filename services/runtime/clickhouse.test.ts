import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { connectClickHouse } from './clickhouse.ts';
import { RuntimeError } from './errors.ts';

test('a connection that died without a word is given up; each time twice as late, until something answers', async () => {
  let isSilent = true;
  const server = createServer((_request, response) => {
    if (!isSilent) response.end('{"one":1}\n');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clickhouse = connectClickHouse(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {}, 40);
  const said = (): Promise<string> => clickhouse.query('SELECT 1 AS one').then((rows) => JSON.stringify(rows), (error: unknown) => (error instanceof RuntimeError ? `${error.code}: ${error.message}` : String(error)));
  try {
    expect(await said()).toMatch(/CLICKHOUSE_UNAVAILABLE.*no answer within 0.04 s/);
    expect(await clickhouse.insertEncoded('t', 'Avro', Buffer.from('x')).catch(String)).toMatch(/no answer within 0.08 s/);
    // Those that wait at once don't add up.
    expect((await Promise.all([said(), said()])).join()).toMatch(/0.16 s.*0.16 s/);
    isSilent = false;
    expect(await said()).toBe('[{"one":1}]');
    isSilent = true;
    expect(await said()).toMatch(/no answer within 0.04 s/);
  } finally {
    await clickhouse.close();
    server.closeAllConnections();
    server.close();
  }
});
