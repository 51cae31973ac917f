// Makes a snapshot: databases of its own with the tables and views of the live ones, its own configuration, and facts told
// from the live timeline. Live tables are only read. A run that was killed goes on with its facts, or starts clean.
import { createHash } from 'node:crypto';
import { sqlString, type ClickHouse } from '../../services/runtime/clickhouse.ts';
import { addProvenance } from '../../services/runtime/projection/computed-by.ts';
import { readLive } from '../config/apply.ts';
import { allowMerges, buildChunks, cut, type Build } from '../facts/build.ts';
import { note, openDiary, owning } from '../facts/diary.ts';
import { define, type Defined } from '../projections/definition.ts';
import { findProjections } from '../projections/find.ts';
import { Refused } from '../target/refused.ts';
import { fillConfig, type DeskSource } from './desk.ts';
import { drop } from './drop.ts';
import { checkName, commentOf, ownName, snapshotOf } from './names.ts';
import { configOf, findSnapshot, type Asked, type DeskName, type Found, type Snapshot } from './record.ts';
import { configStatements, functionsOfTheDesk, inSnapshot, projectionStatements } from './render.ts';

/** The projections that a snapshot has: those whose facts are told by a fold. */
export async function projectionsOfFacts(): Promise<Defined[]> {
  const found = (await findProjections()).filter(({ projection }) => projection.facts.length > 0 && projection.fold !== undefined);
  return Promise.all(found.map(define));
}

const textsOf = (defined: readonly Defined[]): string[] => defined.flatMap(({ statements }) => statements.map(({ text }) => text));

async function liveDesk(clickhouse: ClickHouse): Promise<DeskName> {
  const { version, file_name: name, file_sha256: sha256 } = await readLive(clickhouse);
  return version === 0 ? { name: 'built in', sha256: '' } : { name, sha256 };
}

/** @throws Refused for instants that lie ahead: nothing is known of them. */
function checkInstants({ at, known }: Asked, now: number): void {
  for (const [option, instant] of [['--at', at], ['--known', known]] as const) {
    if (instant !== null && instant > now) throw new Refused(`${option} ${new Date(instant).toISOString()} lies in the future`);
  }
}

/** @throws Refused for tenants without a single event: a slip of the pen would give an empty snapshot. */
async function checkIntegrations(clickhouse: ClickHouse, { integrations }: Asked, [first]: readonly Defined[]): Promise<void> {
  if (integrations.length === 0 || first === undefined) return;
  const rows = await clickhouse.query<{ id: string }>(`SELECT DISTINCT integration_id AS id FROM ${first.projection.database}.timeline ORDER BY id`);
  const unknown = integrations.filter((id) => !rows.some((row) => row.id === id));
  if (unknown.length > 0) throw new Refused(`no event has come of ${unknown.join(', ')}; events have come of ${rows.map(({ id }) => id).slice(0, 20).join(', ') || 'nobody'}`);
}

/** @throws Refused when something else has one of the names already. */
async function checkClashes(clickhouse: ClickHouse, { name, databases, functions }: Snapshot): Promise<void> {
  const own = [name, ...databases.map((database) => ownName(name, database))];
  const taken = await clickhouse.query<{ database: string; comment: string }>(`SELECT name AS database, comment FROM system.databases WHERE name IN (${own.map(sqlString).join(', ')})`);
  const foreign = taken.find(({ comment }) => snapshotOf(comment) !== name);
  if (foreign !== undefined) throw new Refused(`there is a database ${foreign.database} already, which is none of a snapshot ${name}; choose another name`);
  const [clash] = await clickhouse.query<{ name: string }>(`SELECT name FROM system.functions WHERE name IN (${functions.map((text) => sqlString(ownName(name, text))).join(', ')}) LIMIT 1`);
  if (clash !== undefined) throw new Refused(`there is a function ${clash.name} already, which a snapshot ${name} would need for itself; choose another name`);
}

async function plan(clickhouse: ClickHouse, name: string, asked: Asked, defined: readonly Defined[]): Promise<Snapshot> {
  const [clock] = await clickhouse.query<{ now: number }>(`SELECT toUnixTimestamp64Milli(now64(3)) AS now`);
  const now = clock?.now ?? 0;
  checkInstants(asked, now);
  await checkIntegrations(clickhouse, asked, defined);
  // Without an instant it is what is known now, and stays that: events that come while it is made are not a part of it.
  const known = asked.known ?? (asked.at === null ? now : null);
  return {
    name, asked, createdAt: now, at: asked.at, known, present: asked.at ?? known ?? now,
    desk: asked.desk ?? (await liveDesk(clickhouse)),
    databases: ['config', ...defined.map(({ projection }) => projection.database)],
    functions: functionsOfTheDesk(defined.flatMap(({ statements }) => statements)),
    madeBy: madeBy(defined),
  };
}

function madeBy(defined: readonly Defined[]): string {
  return createHash('sha256').update([...defined.map(({ computedBy }) => computedBy), ...textsOf(defined)].join('\n')).digest('hex').slice(0, 12);
}

const filterOf = ({ at, known, asked: { integrations } }: Snapshot): Build['filter'] => ({
  ...(at === null ? {} : { happenedBy: new Date(at) }), ...(known === null ? {} : { knownBy: new Date(known) }), ...(integrations.length === 0 ? {} : { integrations }),
});

interface Making {
  readonly clickhouse: ClickHouse;
  readonly snapshot: Snapshot;
  readonly defined: readonly Defined[];
  /** Null for the live configuration. */
  readonly source: DeskSource | null;
  readonly chunkTickets: number;
}

/** A projection of the snapshot's own: its timeline is a view of what counts, its fold reads its own configuration. */
function buildOf({ clickhouse, snapshot, chunkTickets }: Making, { projection, ...defined }: Defined): Build {
  const into = ownName(snapshot.name, projection.database);
  const fold = projection.fold === undefined ? {} : { fold: { ...projection.fold, configQuery: inSnapshot(projection.fold.configQuery, snapshot) } };
  return { ...defined, projection: { ...projection, ...fold, database: into }, clickhouse, into, filter: {}, chunkTickets };
}

/** Everything but the facts. */
async function prepare({ clickhouse, snapshot, defined, source }: Making): Promise<void> {
  const statements = new Set(defined.flatMap((each) => configStatements(each.statements, snapshot)));
  for (const statement of statements) await clickhouse.command(statement);
  await fillConfig(clickhouse, configOf(snapshot.name), source, snapshot.asked.integrations);
  for (const { projection, statements: own } of defined) {
    const database = ownName(snapshot.name, projection.database);
    await clickhouse.command(`CREATE DATABASE IF NOT EXISTS ${database} COMMENT ${sqlString(commentOf(snapshot.name))}`);
    for (const statement of projectionStatements(own, projection, snapshot, filterOf(snapshot))) await clickhouse.command(statement);
    for (const table of projection.facts) await addProvenance(clickhouse, `${database}.${table}`);
  }
}

async function build(making: Making): Promise<void> {
  const builds = making.defined.map((defined) => buildOf(making, defined));
  for (const each of builds) {
    console.error(`${each.into}:`);
    await buildChunks(each);
    await allowMerges(each, each.into);
  }
}

/** What was only needed while it was made. */
async function tidy({ clickhouse, defined, snapshot }: Making): Promise<void> {
  for (const { projection } of defined) {
    for (const table of ['chunks', 'chunks_done']) await clickhouse.command(`DROP TABLE IF EXISTS ${ownName(snapshot.name, projection.database)}.${table} SYNC`);
  }
}

async function make(making: Making, isPrepared: boolean): Promise<void> {
  const { clickhouse, snapshot, defined } = making;
  const config = configOf(snapshot.name);
  await openDiary(clickhouse, config, commentOf(snapshot.name));
  await note(clickhouse, config, 'snapshot', JSON.stringify(snapshot));
  await owning(clickhouse, config, async () => {
    if (!isPrepared) {
      await prepare(making);
      for (const each of defined) await cut(buildOf(making, each));
      await note(clickhouse, config, 'state', 'building');
    }
    await build(making);
    await note(clickhouse, config, 'state', 'complete');
    await tidy(making);
  }).finally(() => note(clickhouse, config, 'owner', ''));
}

/** @throws Refused when what is there of that name was asked for in another way. */
function checkSame({ name, snapshot, state }: Found, asked: Asked): void {
  if (snapshot === null || JSON.stringify(snapshot.asked) === JSON.stringify(asked)) return;
  throw new Refused(`there is a snapshot ${name} already, ${state === 'complete' ? '' : 'unfinished, and '}made with ${told(snapshot.asked)}: choose another name, or \`npm run snapshot -- drop ${name}\` first`);
}

/** As its command had it. */
const told = ({ at, known, desk, integrations }: Asked): string => [
  ...(at === null ? [] : [`--at ${new Date(at).toISOString()}`]), ...(known === null ? [] : [`--known ${new Date(known).toISOString()}`]),
  ...(desk === null ? [] : [`--desk ${desk.name} (SHA-256 ${desk.sha256.slice(0, 12)}…)`]), ...(integrations.length === 0 ? [] : [`--integration ${integrations.join(' ')}`]),
].join(' ') || 'no options';

export interface Wanted {
  readonly name: string;
  readonly asked: Asked;
  readonly source: DeskSource | null;
  readonly chunkTickets: number;
}

/** @returns the snapshot, once it can be asked. @throws Refused */
export async function create(clickhouse: ClickHouse, { name, asked, source, chunkTickets }: Wanted): Promise<Snapshot> {
  checkName(name);
  const defined = await projectionsOfFacts();
  const found = await findSnapshot(clickhouse, name);
  if (found !== null) checkSame(found, asked);
  if (found?.snapshot && found.state === 'complete') {
    console.error(`snapshot ${name} is complete already`);
    return found.snapshot;
  }
  if (found?.snapshot && found.state === 'building' && found.snapshot.madeBy === madeBy(defined)) {
    console.error('going on where a run was broken off');
    await make({ clickhouse, snapshot: found.snapshot, defined, source, chunkTickets }, true);
    return found.snapshot;
  }
  if (found !== null) {
    console.error('a run was broken off early: starting clean');
    await drop(clickhouse, found);
  }
  const snapshot = await plan(clickhouse, name, asked, defined);
  await checkClashes(clickhouse, snapshot);
  await make({ clickhouse, snapshot, defined, source, chunkTickets }, false);
  return snapshot;
}
