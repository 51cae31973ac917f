import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closedDays, places, type Closed } from './cut.ts';
import { openFolder } from './folder.ts';
import { jsonText, type Chain, type Manifest } from './manifest.ts';
import { exportChain, planStep, type Archive, type Source } from './step.ts';
import { verifyChain } from './verify.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'event-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Row {
  readonly id: string;
  readonly day: number;
  readonly partition: number;
  readonly offset: number;
}

const start = Date.UTC(2026, 2, 1);
const dayOf = (day: number): string => new Date(start + day * 86_400_000).toISOString().slice(0, 10);

/** Answers the statements of profile.ts from a list: it reads their conditions, as ClickHouse does. */
function archiveOf(rows: readonly Row[], fail: () => void = () => undefined): Archive {
  const bounds = (sql: string): ((row: Row) => boolean) => {
    const at = (operator: string): number[] => [...sql.matchAll(new RegExp(`received_at ${operator} toDateTime64\\('([^']+)'`, 'g'))].map(([, text = '']) => Date.parse(`${text.replace(' ', 'T')}Z`));
    const cuts = [...sql.matchAll(/kafka_offset (<|>=) (?:0|transform\(kafka_partition, CAST\(\[([\d, ]*)\].*?CAST\(\[([\d, ]*)\])/g)].map(([, operator, partitions = '', offsets = '']) => {
      const list = offsets.split(', ').map(Number);
      const of = new Map(partitions.split(', ').map((partition, index) => [Number(partition), list[index] ?? 0]));
      return (row: Row): boolean => (operator === '<' ? row.offset < (of.get(row.partition) ?? 0) : row.offset >= (of.get(row.partition) ?? 0));
    });
    const from = Math.max(-Infinity, ...at('>='));
    const to = Math.min(Infinity, ...at('<'));
    return (row) => start + row.day * 86_400_000 >= from && start + row.day * 86_400_000 < to && cuts.every((holds) => holds(row));
  };
  return {
    query: <T>(sql: string) => {
      fail();
      const found = rows.filter(bounds(sql));
      if (sql.includes('minOrNull')) return Promise.resolve([{ first: found.length === 0 ? null : `${dayOf(Math.min(...found.map(({ day }) => day)))} 12:00:00.000` }] as T[]);
      return Promise.resolve([...new Set(found.map(({ day }) => day))].map((day) => ({ day: dayOf(day), events: found.filter((row) => row.day === day).length })) as T[]);
    },
    bytes: (sql) => {
      fail();
      return Promise.resolve(Readable.from(rows.filter(bounds(sql)).map(({ id }) => Buffer.from(`{"event_id":"${id}"}\n`))));
    },
  };
}

class Killed extends Error {}

const sourceOf = (archive: Archive, at: Source['at'] = () => undefined): Source => ({ archive, formats: ['ndjson'], at, now: () => new Date(start) });
const closedAt = (day: number, cut: Record<string, number>): Closed => ({ end: new Date(start + day * 86_400_000), cut });
const chainIn = (name: string): Chain => ({ target: openFolder(join(folder, name)), environment: 'production', integrationId: 'acme', profile: 'audit' });
const run = async (chain: Chain, rows: readonly Row[], closed: Closed, at?: Source['at']): Promise<Manifest[]> => {
  const made: Manifest[] = [];
  await exportChain(sourceOf(archiveOf(rows), at), chain, closed, (manifest) => made.push(manifest));
  return made;
};

/** Every event that a file of a manifest has, with the file. */
async function exported(name: string): Promise<{ id: string; path: string }[]> {
  const root = join(folder, name, 'acme', 'audit');
  const manifests = (await readdir(join(root, 'manifests'))).filter((file) => /^\d+\.json$/.test(file)).sort();
  const files = (await Promise.all(manifests.map(async (file) => JSON.parse(await readFile(join(root, 'manifests', file), 'utf8')) as Manifest))).flatMap((manifest) => manifest.files);
  const texts = await Promise.all(files.map(async ({ path }) => ({ path, text: gunzipSync(await readFile(join(root, path))).toString() })));
  return texts.flatMap(({ path, text }) => text.trim().split('\n').map((line) => ({ id: (JSON.parse(line) as { event_id: string }).event_id, path })));
}

const row = (id: string, day: number, partition: number, offset: number): Row => ({ id, day, partition, offset });

test('a day is one file, and what comes later for it is another', async () => {
  const chain = chainIn('late');
  await run(chain, [row('a', 0, 0, 0), row('b', 1, 0, 1), row('c', 2, 0, 2)], closedAt(2, { 0: 3 }));
  expect((await exported('late')).map(({ id, path }) => `${id} ${path}`)).toStrictEqual(['a 2026-03/2026-03-01.ndjson.gz', 'b 2026-03/2026-03-02.ndjson.gz']);
  const late = row('late', 0, 1, 0);
  const [manifest] = await run(chain, [row('a', 0, 0, 0), row('b', 1, 0, 1), row('c', 2, 0, 2), late], closedAt(3, { 0: 3, 1: 1 }));
  expect(manifest?.files.map(({ path, events }) => `${path} ${events}`)).toStrictEqual(['2026-03/2026-03-03.ndjson.gz 1', '2026-03/2026-03-03.late.ndjson.gz 1']);
  // Only late ones, and no new day with events: they are exported as soon as one more day is over.
  expect(await run(chain, [late, row('later', 1, 1, 1)], closedAt(3, { 0: 3, 1: 2 }))).toStrictEqual([]);
  const [quiet] = await run(chain, [late, row('later', 1, 1, 1)], closedAt(5, { 0: 3, 1: 2 }));
  expect(quiet).toMatchObject({ from: '2026-03-04', through: '2026-03-05', files: [{ kind: 'late', events: 1 }] });
  expect(await verifyChain(chain)).toMatchObject({ problems: [], manifests: 4, events: 5 });
});

test('whatever is late, and wherever the process is killed, each event is in one file', async () => {
  let round = 0;
  const rowsOf = fc.array(fc.record({ day: fc.integer({ min: 0, max: 6 }), partition: fc.integer({ min: 0, max: 2 }) }), { maxLength: 25 })
    .map((found) => found.map(({ day, partition }, index) => row(`e${index}`, day, partition, found.slice(0, index).filter((other) => other.partition === partition).length)));
  const kill = fc.record({ step: fc.constantFrom('planned', 'file', 'before-manifest', 'manifest'), time: fc.integer({ min: 1, max: 4 }) });
  await fc.assert(fc.asyncProperty(rowsOf, fc.array(fc.tuple(fc.integer({ min: 0, max: 25 }), fc.option(kill)), { minLength: 1, maxLength: 6 }), async (rows, runs) => {
    const name = `random-${round++}`;
    const chain = chainIn(name);
    const seen = runs.map(([arrived]) => arrived).sort((a, b) => a - b);
    for (const [index, [, killed]] of runs.entries()) {
      const there = rows.slice(0, seen[index]);
      const cut = Object.fromEntries([0, 1, 2].map((partition) => [partition, there.filter((found) => found.partition === partition).length]));
      let left = killed?.time ?? 0;
      const at = (step: string): void => {
        if (killed?.step === step && --left === 0) throw new Killed();
      };
      await run(chain, there, closedAt(index + 1, cut), at).catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
    }
    const cut = Object.fromEntries([0, 1, 2].map((partition) => [partition, rows.filter((found) => found.partition === partition).length]));
    await run(chain, rows, closedAt(8, cut));
    // A plan of an earlier run was carried out by that one.
    await run(chain, rows, closedAt(9, cut));
    const ids = rows.length === 0 ? [] : (await exported(name)).map(({ id }) => id);
    expect(ids.sort()).toStrictEqual(rows.map(({ id }) => id).sort());
    expect((await verifyChain(chain)).problems).toStrictEqual([]);
  }), { numRuns: 25 });
});

test('a file of a step that was killed is kept as it is', async () => {
  const chain = chainIn('kept');
  const rows = [row('a', 0, 0, 0)];
  await expect(run(chain, rows, closedAt(1, { 0: 1 }), (step) => {
    if (step === 'before-manifest') throw new Killed();
  })).rejects.toThrow(Killed);
  const path = join(folder, 'kept', 'acme', 'audit', '2026-03', '2026-03-01.ndjson.gz');
  const before = await readFile(path);
  await run(chain, [...rows, row('late', 0, 0, 1)], closedAt(2, { 0: 2 }));
  expect(await readFile(path)).toStrictEqual(before);
  expect((await exported('kept')).map(({ id }) => id)).toStrictEqual(['a', 'late']);
});

test('fewer rows than were counted leave no file', async () => {
  const chain = chainIn('short');
  const archive = archiveOf([row('a', 0, 0, 0), row('b', 0, 0, 1)]);
  const cutShort: Archive = { ...archive, bytes: () => Promise.resolve(Readable.from([Buffer.from('{"event_id":"a"}\n')])) };
  await expect(exportChain(sourceOf(cutShort), chain, closedAt(1, { 0: 2 }), () => undefined)).rejects.toThrow(/2 events were counted and 1 came/);
  expect(await readdir(join(folder, 'short', 'acme', 'audit', '2026-03'))).toStrictEqual([]);
});

test('a dry run tells the step and writes nothing', async () => {
  const chain = chainIn('dry');
  expect(await planStep(sourceOf(archiveOf([row('a', 0, 0, 0)])), chain, null, closedAt(1, { 0: 1 }))).toMatchObject({ sequence: 1, through: '2026-03-01', files: [{ events: 1 }] });
  await expect(readdir(join(folder, 'dry'))).rejects.toThrow('ENOENT');
});

test('what was changed, taken away, put in or cut off is found', async () => {
  const rows = [row('a', 0, 0, 0), row('b', 1, 0, 1), row('c', 2, 0, 2)];
  const chain = chainIn('verify');
  const made = await run(chain, rows, closedAt(3, { 0: 3 }));
  expect(made).toHaveLength(3);
  const head = (await verifyChain(chain)).head?.sha256 ?? '';
  expect((await verifyChain(chain, head)).problems).toStrictEqual([]);
  expect((await verifyChain(chain, 'f'.repeat(64))).problems).toStrictEqual([expect.stringContaining('the end of the chain is missing')]);

  const root = join(folder, 'verify', 'acme', 'audit');
  const broken = async (path: string, content: string | null, said: RegExp): Promise<void> => {
    const before = await readFile(join(root, path));
    await (content === null ? rm(join(root, path)) : writeFile(join(root, path), content));
    expect((await verifyChain(chain, head)).problems.join('\n')).toMatch(said);
    await writeFile(join(root, path), before);
    expect((await verifyChain(chain, head)).problems).toStrictEqual([]);
  };
  await broken('2026-03/2026-03-02.ndjson.gz', 'x', /2026-03-02\.ndjson\.gz is not what was written/);
  await broken('2026-03/2026-03-02.ndjson.gz', null, /2026-03-02\.ndjson\.gz is not there/);
  await broken('manifests/000002.json', jsonText({ ...made[1], created_at: 'yesterday' }), /000003\.json does not follow/);
  await broken('manifests/000002.json', 'no json', /000002\.json is not what was written/);
  await broken('manifests/000002.json', null, /000003\.json is there, and the one before it is not/);
  await broken('manifests/000003.json', null, /the end of the chain is missing/);
  // Cut off, with a member taken out or one that leads elsewhere; two in each other's places; a file that is nobody's.
  const text = await readFile(join(root, 'manifests/000002.json'), 'utf8');
  await broken('manifests/000002.json', text.slice(0, -20), /000002\.json is not what was written/);
  for (const change of [{ files: undefined }, { cut: 7 }, { files: [{ ...made[1]?.files[0], path: '../../../secret' }] }]) {
    await broken('manifests/000002.json', jsonText({ ...made[1], ...change }), /000002\.json is not what was written/);
  }
  await broken('manifests/000002.json', await readFile(join(root, 'manifests/000003.json'), 'utf8'), /000002\.json is not what was written/);
  await broken('manifests/000001.json', jsonText({ ...made[0], files: [] }), /000002\.json does not follow/);
  await writeFile(join(root, '2026-03/2026-03-09.ndjson.gz'), 'x');
  expect((await verifyChain(chain, head)).problems).toStrictEqual(['acme/audit/2026-03/2026-03-09.ndjson.gz is there, and no manifest tells of it']);
  await rm(join(root, '2026-03/2026-03-09.ndjson.gz'));
});

test('what stands behind a damaged manifest is looked at, too', async () => {
  const chain = chainIn('behind');
  await run(chain, [0, 1, 2, 3].map((day) => row(`e${day}`, day, 0, day)), closedAt(4, { 0: 4 }));
  const root = join(folder, 'behind', 'acme', 'audit');
  await writeFile(join(root, 'manifests/000002.json'), '{');
  await writeFile(join(root, '2026-03/2026-03-04.ndjson.gz'), 'x');
  expect((await verifyChain(chain)).problems).toStrictEqual([expect.stringMatching(/000002\.json is not what/), expect.stringMatching(/03-04\.ndjson\.gz is not what/)]);
  await rm(join(root, 'manifests/000002.json'));
  expect((await verifyChain(chain)).problems).toStrictEqual([expect.stringMatching(/000003\.json is there, and the one before/), expect.stringMatching(/03-04\.ndjson\.gz is not what/)]);
  await expect(run(chain, [], closedAt(6, { 0: 9 }))).rejects.toThrow(/000002\.json is missing, and the one after it is there/);
});

test('a chain goes on with no other log, tenant or environment', async () => {
  const chain = chainIn('other');
  await run(chain, [row('a', 0, 0, 0), row('b', 0, 0, 1)], closedAt(1, { 0: 2 }));
  await expect(run(chain, [row('a', 0, 0, 0)], closedAt(2, { 0: 1 }))).rejects.toThrow(/another log/);
  await expect(run({ ...chain, environment: 'staging' }, [], closedAt(2, { 0: 2 }))).rejects.toThrow(/belongs to another chain/);
});

test('a day is closed when the archive has what the log held after its end', async () => {
  const clock = { graceMs: 300_000, waitMs: 0, now: () => start + 2 * 86_400_000 + 200_000 };
  const position = (committed: number, end: number) => ({ topic: 't', partition: 0, committed, end, low: 0, note: '' });
  expect(await closedDays(() => Promise.resolve([position(5, 5)]), clock)).toStrictEqual({ end: new Date(start + 86_400_000), cut: { 0: 5 } });
  await expect(closedDays(() => Promise.resolve([position(3, 5)]), clock)).rejects.toMatchObject({ code: 'ARCHIVE_BEHIND', message: expect.stringContaining('2 records behind') as string });
  // What is appended while it waits is waited for no more.
  const seen = [position(3, 5), position(6, 9)];
  expect((await closedDays(() => Promise.resolve([seen.shift() ?? position(0, 0)]), { ...clock, waitMs: 1_000, now: () => start + 2 * 86_400_000 + 300_000 })).cut).toStrictEqual({ 0: 6 });
  expect(places({})).toBe('0');
});
