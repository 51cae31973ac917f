// What of the containers can be looked at without Docker.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

interface Service {
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
}

const file = fileURLToPath(new URL('../../infra/compose/compose.yaml', import.meta.url));
const text = readFileSync(file, 'utf8');
const services = Object.entries((parse(text, { merge: true }) as { services: Record<string, Service> }).services);
/** All that run our code. `permissions` gives them their folder, and ends. */
const ours = services.filter(([name, { profiles }]) => profiles !== undefined && name !== 'permissions');

test('our containers run as a user who can change nothing in them', () => {
  expect(ours.length).toBeGreaterThan(4);
  for (const [name, { user, read_only, cap_drop, security_opt }] of ours) {
    expect({ user, read_only, cap_drop, security_opt }, name).toStrictEqual({ user: 'node', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  }
});

test('their code is mounted from this checkout, and can’t be written', () => {
  for (const [name, { volumes = [] }] of ours) {
    const [code] = volumes.filter((volume) => volume.includes(':/app'));
    expect(code, name).toMatch(/:ro$/);
    expect(existsSync(join(dirname(file), code?.split(':')[0] ?? '', 'services', 'ingress', 'main.ts')), name).toBe(true);
  }
});

test('no port is open beyond this machine, and no password has a default', () => {
  for (const [name, { ports = [] }] of services) for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
  expect([...text.matchAll(/\$\{\w*(?:PASSWORD|SECRET)\w*:-[^}]*\}/g)].map(([found]) => found)).toStrictEqual([]);
});
