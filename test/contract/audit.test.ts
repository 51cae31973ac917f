// A hole that the package registry knows fails the tests; a registry that has no advisories, or is away, is said to have checked nothing.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { test } from 'vitest';

function audit(env: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['infra/start/run.mjs', 'infra/audit/audit.ts', ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }));
  });
}

test.concurrent('no hole is known in what runs in production', async ({ expect }) => {
  const { code, output } = await audit();
  expect([0, 3], output).toContain(code);
  if (code === 3) console.warn(output);
});

// Code 1 would say that there are holes.
test.concurrent('a wrong call is no hole', async ({ expect }) => {
  expect((await audit({}, '--nope')).code).toBe(2);
});

const hole = { id: 1, url: 'https://advisories.example/1', title: 'A hole', severity: 'high', vulnerable_versions: '<99.0.0', cwe: [], cvss: { score: 8, vectorString: null } };

/** Speaks npm's protocol of advisories in bulk, names with versions in, holes out; and tells which versions there are. */
function knowing(name: string, versions: readonly string[]): RequestListener {
  const listed = Object.fromEntries(versions.map((version) => [version, { name, version, dist: { tarball: 'https://none.example/none.tgz' } }]));
  return (request, response) => {
    const answer = async (): Promise<object> => {
      if (request.url !== '/-/npm/v1/security/advisories/bulk') return { name, 'dist-tags': {}, versions: listed };
      const body = await buffer(request);
      const asked = JSON.parse((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()) as Record<string, unknown>;
      return name in asked ? { [name]: [hole] } : {};
    };
    void answer().then((told) => response.setHeader('content-type', 'application/json').end(JSON.stringify(told)));
  };
}

test.concurrent('a registry that knows a hole in one of our packages fails it, with the package’s name', async ({ expect }) => {
  const server = createServer(knowing('kafkajs', ['2.2.4', '99.0.0'])).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, output } = await audit({ npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_prefer_online: 'true' });
  server.closeAllConnections();
  server.close();
  expect(output).toMatch(/^\.\/package-lock\.json: holes\n {2}kafkajs [^\n]*: high[^]*clickhouse\/package-lock\.json: clean\n/);
  expect(code).toBe(1);
});
