// One step of a chain: the next day that is over and has events, and what came late for the days before it.
//
// Each event is in one step and no more. A step takes what was received on its day and lies below its cut of the log, and of the
// days of earlier steps what lies between their last cut and its own. So the cuts decide, and not the moment at which somebody looked.
import type { Readable } from 'node:stream';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { createGzip } from 'node:zlib';
import { RuntimeError } from '../runtime/errors.ts';
import type { Failpoint } from '../runtime/projection/failpoint.ts';
import { DAY_MS, dayStart, dayText, nextDay, sameCut, type Closed } from './cut.ts';
import { Digest, digestOf, filePath, headOf, jsonText, manifestPath, planPath, readManifest, readPlan, type Chain, type ExportedFile, type Head, type Manifest, type Plan, type PlannedFile } from './manifest.ts';
import { countsByDay, firstReceipt, rowsOf, type Selection } from './profile.ts';
import type { FormatName } from './section.ts';

/** What is asked of ClickHouse. */
export interface Archive {
  query<Row>(sql: string): Promise<Row[]>;
  /** The answer as it comes, in the format that the statement names. */
  bytes(sql: string): Promise<Readable>;
}

export interface Source {
  readonly archive: Archive;
  readonly formats: readonly FormatName[];
  readonly at: Failpoint;
  readonly now: () => Date;
}

const fileEndings: Readonly<Record<FormatName, string>> = { parquet: 'parquet', ndjson: 'ndjson.gz' };
const startOf = (day: string): Date => new Date(`${day}T00:00:00.000Z`);

type Step = Pick<Plan, 'from' | 'through' | 'cut'>;

function selections(chain: Chain, head: Head, { from, through, cut }: Step): Record<'day' | 'late', Selection | null> {
  const common = { integrationId: chain.integrationId, profile: chain.profile, before: cut };
  return {
    day: { ...common, from: startOf(from), to: nextDay(startOf(through)) },
    // Between two cuts that are the same lies nothing: so a first export of years looks for what is late once.
    late: head === null || sameCut(head.manifest.cut, cut) ? null : { ...common, to: startOf(from), after: head.manifest.cut },
  };
}

async function eventsOf(archive: Archive, selection: Selection | null): Promise<number> {
  if (selection === null) return 0;
  const days = await archive.query<{ events: number }>(countsByDay(selection));
  return days.reduce((sum, { events }) => sum + events, 0);
}

async function firstDay(archive: Archive, chain: Chain, { from, cut, end }: { from: Date | undefined; cut: Closed['cut']; end: Date }): Promise<Date | null> {
  const [row] = await archive.query<{ first: string | null }>(firstReceipt({ integrationId: chain.integrationId, before: cut, ...(from === undefined ? {} : { from }) }));
  const first = row?.first ?? null;
  if (first === null) return null;
  const day = dayStart(Date.parse(`${first.replace(' ', 'T')}Z`));
  return day < end ? day : null;
}

function filesOf({ formats }: Source, through: string, events: Readonly<Record<'day' | 'late', number>>): PlannedFile[] {
  const month = through.slice(0, 7);
  return (['day', 'late'] as const).filter((kind) => events[kind] > 0).flatMap((kind) => formats.map((format) => (
    { path: `${month}/${through}${kind === 'late' ? '.late' : ''}.${fileEndings[format]}`, kind, format, events: events[kind] })));
}

/** What comes next in a chain; null when there is nothing to export. It changes nothing. */
export async function planStep(source: Source, chain: Chain, head: Head, { end, cut }: Closed): Promise<Plan | null> {
  const done = head === null ? undefined : nextDay(startOf(head.manifest.through));
  if (done !== undefined && done >= end) return null;
  if (head !== null && Object.entries(head.manifest.cut).some(([partition, offset]) => (cut[partition] ?? 0) < offset)) {
    throw new RuntimeError('EXPORT_INCONSISTENT', `the log ends before what ${manifestPath(chain, head.manifest.sequence)} has exported of it: it is another log. Take another folder`);
  }
  for (let from = done; ;) {
    const day = await firstDay(source.archive, chain, { from, cut, end });
    // Without a day that has events, late ones are exported all the same.
    const through = day ?? new Date(end.getTime() - DAY_MS);
    const step = { from: dayText(done ?? through), through: dayText(through), cut };
    const of = selections(chain, head, step);
    const events = { day: day === null ? 0 : await eventsOf(source.archive, of.day), late: await eventsOf(source.archive, of.late) };
    const files = filesOf(source, step.through, events);
    if (files.length > 0) return { sequence: (head?.manifest.sequence ?? 0) + 1, ...step, files };
    if (day === null) return null;
    from = nextDay(day);
  }
}

/** Counts the lines of what flows by; ends with an error when there are more or fewer than wanted, and then no file comes of it. */
class Lines extends Transform {
  readonly #wanted: number;
  #seen = 0;

  constructor(wanted: number) {
    super();
    this.#wanted = wanted;
  }

  override _transform(part: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) this.#seen += 1;
    done(null, part);
  }

  override _flush(done: TransformCallback): void {
    done(this.#seen === this.#wanted ? null : new RuntimeError('EXPORT_INCONSISTENT', `${this.#wanted} events were counted and ${this.#seen} came`));
  }
}

class Hashing extends Transform {
  readonly digest = new Digest();

  override _transform(part: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.digest.add(part);
    done(null, part);
  }
}

/** An error of any stage is the error of the last one, whose reader gets it. */
const told = (): void => undefined;

async function writeFile(source: Source, chain: Chain, file: PlannedFile, selection: Selection): Promise<ExportedFile> {
  const rows = await source.archive.bytes(rowsOf(selection, file.format));
  const hashing = new Hashing();
  if (file.format === 'ndjson') pipeline(rows, new Lines(file.events), createGzip(), hashing, told);
  else pipeline(rows, hashing, told);
  await chain.target.write(filePath(chain, file), hashing);
  return { ...file, ...hashing.digest.done() };
}

/** A whole file that an earlier try left is kept: it was made by the same plan, and somebody may have it already. */
async function writeOrKeep(source: Source, chain: Chain, file: PlannedFile, selection: Selection): Promise<ExportedFile> {
  const there = await chain.target.open(filePath(chain, file));
  return there === null ? writeFile(source, chain, file, selection) : { ...file, ...(await digestOf(there)) };
}

/** Carries a plan out. It may be called again after it failed or died anywhere: the same files come of it. */
async function carryOut(source: Source, chain: Chain, head: Head, plan: Plan): Promise<Manifest> {
  const of = selections(chain, head, plan);
  const files: ExportedFile[] = [];
  for (const file of plan.files) {
    const selection = of[file.kind];
    if (selection === null) throw new RuntimeError('EXPORT_INCONSISTENT', `${planPath(chain, plan.sequence)} has late events, and its chain can have none`);
    files.push(await writeOrKeep(source, chain, file, selection));
    source.at('file');
  }
  const { environment, integrationId, profile } = chain;
  const manifest: Manifest = {
    format: 1, ...plan, previous_sha256: head?.sha256 ?? null, environment, integration_id: integrationId, profile, files, created_at: source.now().toISOString(),
  };
  source.at('before-manifest');
  const isFirst = await chain.target.create(manifestPath(chain, plan.sequence), jsonText(manifest));
  if (!isFirst) throw new RuntimeError('EXPORT_INCONSISTENT', `${manifestPath(chain, plan.sequence)} is there already: somebody else exports to ${chain.target.name}`);
  source.at('manifest');
  await chain.target.remove(planPath(chain, plan.sequence));
  return manifest;
}

/** Exports all that is over and not exported yet, oldest first. */
export async function exportChain(source: Source, chain: Chain, closed: Closed, onStep: (manifest: Manifest) => void): Promise<void> {
  for (;;) {
    const head = await headOf(chain);
    const sequence = (head?.manifest.sequence ?? 0) + 1;
    const begun = await readPlan(chain, sequence);
    if (begun === null && (await readManifest(chain, sequence + 1)) !== null) {
      throw new RuntimeError('EXPORT_INCONSISTENT', `${manifestPath(chain, sequence)} is missing, and the one after it is there: nothing is exported before it is put back (npm run event-export -- verify tells what else is wrong)`);
    }
    const plan = begun ?? (await planStep(source, chain, head, closed));
    if (plan === null) return;
    // Who finds another's plan there carries out that one.
    if (begun === null && !(await chain.target.create(planPath(chain, sequence), jsonText(plan)))) continue;
    source.at('planned');
    onStep(await carryOut(source, chain, head, plan));
  }
}
