// Looks at the processes of a soak at intervals: memory, descriptors, timers and handles, and at the tables' parts.
import { setTimeout as sleep } from 'node:timers/promises';
import { groupBy } from '../../services/runtime/group-by.ts';
import { slopePerHour, type Point } from './figures.ts';
import { openDescriptors, residentMb } from './processes.ts';
import type { Sender } from './sender.ts';
import { services, type BenchStack } from './stack.ts';

interface Look {
  readonly atMs: number;
  readonly pid: number;
  readonly rssMb: number;
  readonly descriptors: number;
  /** Of services only. */
  readonly timers: number | null;
  readonly handles: number | null;
}

export interface Change {
  readonly first: number;
  readonly last: number;
}

export interface ProcessSeen {
  readonly name: string;
  readonly rssMb: Change;
  /** Null when it did not run long enough at a time. */
  readonly slopeMbPerHour: number | null;
  readonly descriptors: Change;
  readonly timers: Change | null;
  readonly handles: Change | null;
}

/** As many looks as show a slope, and not more often than every 5 s. */
const LOOKS = 120;
const LEAST_EVERY_MS = 5_000;
const TELL_EVERY_MS = 60_000;
/** Of the time since a start: then it is warm. */
const WARM_AFTER = 0.2;
/** Less shows how it warms up, not whether it grows. */
const MIN_SLOPE_MS = 600_000;

const PARTS = `SELECT concat(database, '.', table) AS name, toUInt32(count()) AS parts FROM system.parts WHERE active AND database IN ('queue', 'agents', 'log') GROUP BY name`;

/** What prom-client tells of a service's event loop. */
async function resourcesOf(url: string): Promise<{ timers: number; handles: number } | null> {
  const page = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.text(), () => null);
  if (page === null) return null;
  const found = [...page.matchAll(/^nodejs_active_resources\{type="(\w+)"[^}]*\} (\d+)/gm)];
  const sum = (isCounted: (type: string) => boolean): number => found.reduce((total, [, type = '', count]) => total + (isCounted(type) ? Number(count) : 0), 0);
  return { timers: sum((type) => type === 'Timeout'), handles: sum((type) => type !== 'Timeout' && type !== 'Immediate') };
}

export class SoakWatch {
  readonly #stack: BenchStack;
  readonly #sender: Sender;
  readonly #everyMs: number;
  readonly #began = Date.now();
  readonly #end = new AbortController();
  readonly #looks = new Map<string, Look[]>();
  readonly #parts = new Map<string, { most: number; last: number }>();

  constructor(stack: BenchStack, sender: Sender, durationMs: number) {
    [this.#stack, this.#sender, this.#everyMs] = [stack, sender, Math.max(LEAST_EVERY_MS, durationMs / LOOKS)];
  }

  /** Minutes and seconds since the begin. */
  clock(): string {
    const seconds = Math.round((Date.now() - this.#began) / 1_000);
    return `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}`;
  }

  async run(tell: (text: string) => void): Promise<void> {
    let toldAt = 0;
    while (!this.#end.signal.aborted) {
      await this.#look();
      if (Date.now() - toldAt >= TELL_EVERY_MS) {
        toldAt = Date.now();
        tell(`${this.#sender.sent} events sent; RSS MB: ${[...this.#looks].map(([name, looks]) => `${name} ${Math.round(looks.at(-1)?.rssMb ?? 0)}`).join(', ')}`);
      }
      await sleep(this.#everyMs, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  async stop(watching: Promise<void>): Promise<void> {
    this.#end.abort();
    await watching;
    await this.#look();
  }

  async #look(): Promise<void> {
    await this.#stack.refreshParts();
    for (const [name, pid] of Object.entries(this.#stack.pids())) {
      const service = services.find((candidate) => candidate === name);
      const resources = service === undefined ? null : await resourcesOf(this.#stack.healthUrl(service));
      const rssMb = residentMb(pid);
      // It may just have ended.
      if (rssMb === 0) continue;
      const look = { atMs: Date.now() - this.#began, pid, rssMb, descriptors: openDescriptors(pid), timers: resources?.timers ?? null, handles: resources?.handles ?? null };
      this.#looks.set(name, [...(this.#looks.get(name) ?? []), look]);
    }
    const found = await this.#stack.clickhouse.query<{ name: string; parts: number }>(PARTS).catch(() => []);
    for (const { name, parts } of found) this.#parts.set(name, { most: Math.max(parts, this.#parts.get(name)?.most ?? 0), last: parts });
  }

  processes(): ProcessSeen[] {
    return [...this.#looks].map(([name, looks]) => {
      const change = (values: readonly (number | null)[]): Change | null => {
        const known = values.filter((value) => value !== null);
        const [first, last] = [known[0], known.at(-1)];
        return first === undefined || last === undefined ? null : { first, last };
      };
      const none = { first: 0, last: 0 };
      return {
        name, slopeMbPerHour: slopeOf(looks),
        rssMb: change(looks.map(({ rssMb }) => rssMb)) ?? none, descriptors: change(looks.map(({ descriptors }) => descriptors)) ?? none,
        timers: change(looks.map(({ timers }) => timers)), handles: change(looks.map(({ handles }) => handles)),
      };
    });
  }

  tables(): { name: string; most: number; last: number }[] {
    return [...this.#parts].map(([name, counts]) => ({ name, ...counts })).sort((a, b) => b.most - a.most);
  }
}

/** Of the pid that was seen most often. */
function slopeOf(looks: readonly Look[]): number | null {
  const byPid = groupBy(looks, ({ pid }) => pid);
  const longest = [...byPid.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const points: Point[] = longest.slice(Math.floor(longest.length * WARM_AFTER)).map(({ atMs, rssMb }) => ({ atMs, value: rssMb }));
  const lasts = (points.at(-1)?.atMs ?? 0) - (points[0]?.atMs ?? 0);
  return lasts < MIN_SLOPE_MS ? null : slopePerHour(points);
}
