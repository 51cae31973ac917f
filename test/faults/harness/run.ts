// One fault on a running stack: the load begins, the fault is injected so many times, what recovers is timed, the load ends, all
// settles, and the checker judges everything that was sent. What a fault breaks is healed in any case.
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../../../infra/demo/random.ts';
import type { Fault, Scene } from './fault.ts';
import { History, identityOf, type Request, type Sent } from './history.ts';
import { judge, namedFew, type CommitAudit, type CommitSample, type Violation } from './judge.ts';
import { Load, Sender } from './load.ts';
import { endsOfLog, factsTables, positions, readLog, rowsOf, tableOfGroup, tablesOf } from './observe.ts';
import { untilNone, waitUntil } from './processes.ts';
import { integrationNamed, type FaultStack, type Integration } from './stack.ts';
import { deskStory, ticketStory } from './story.ts';

export interface RunOptions {
  readonly seed: number;
  readonly times: number;
  readonly size: 'small' | 'full';
  /** Whether the facts are computed anew and compared, which takes some seconds. */
  readonly rebuild?: boolean;
  readonly onProgress?: (text: string) => void;
}

export interface Result {
  readonly fault: Fault;
  readonly options: RunOptions;
  readonly injections: number;
  readonly events: number;
  readonly acknowledged: number;
  /** Requests by outcome. */
  readonly requests: { readonly ok: number; readonly fail: number; readonly unknown: number };
  readonly lost: number;
  readonly duplicated: number;
  /** Copies that the log holds beyond one of each event: harmless, and worth knowing. */
  readonly copiesInLog: number;
  readonly recoverySeconds: readonly number[];
  readonly seconds: number;
  readonly notes: readonly string[];
  readonly violations: readonly Violation[];
}

const DEFAULT_PER_SECOND = 25;
/** A busy machine is slow, which is no fault; one that stands still is. */
const STALLED_AFTER_MS = 60_000;
const RECOVER_WITHIN_MS = 120_000;
const SAMPLE_EVERY_MS = 1_000;

/** The integrations that a stack needs for these faults. */
export const integrationsOf = (faults: readonly Fault[]): Integration[] =>
  faults.flatMap((fault) => [{ ...integrationNamed(nameOf(fault)), ...fault.integration }, ...(fault.integrations ?? [])]);

const nameOf = (fault: Fault): string => fault.id.toLowerCase();

/** What is noted from outside while a fault runs. */
class Watch {
  readonly samples: CommitSample[] = [];
  readonly #stack: FaultStack;
  readonly #timer: NodeJS.Timeout;
  #isLooking = false;

  constructor(stack: FaultStack) {
    this.#stack = stack;
    for (const service of stack.services.values()) service.peakMb = 0;
    this.#timer = setInterval(() => void this.#look(), SAMPLE_EVERY_MS);
  }

  async #look(): Promise<void> {
    for (const service of this.#stack.services.values()) service.lookAtMemory();
    if (this.#isLooking) return;
    this.#isLooking = true;
    // A Kafka that is away has nothing to show.
    this.samples.push(...await positions(this.#stack.kafka).catch(() => []));
    this.#isLooking = false;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

class Run {
  readonly stack: FaultStack;
  readonly fault: Fault;
  readonly options: RunOptions;
  readonly history = new History();
  readonly integrations: Set<string>;
  readonly violations: Violation[] = [];
  readonly notes: string[] = [];
  readonly audits: CommitAudit[] = [];
  readonly recoverySeconds: number[] = [];
  readonly seed: string;
  readonly scene: Scene;
  readonly #sender: Sender;
  #target: string;
  #probes = 0;

  constructor(stack: FaultStack, fault: Fault, options: RunOptions) {
    [this.stack, this.fault, this.options] = [stack, fault, options];
    this.integrations = new Set([nameOf(fault)]);
    // Ids are new in each run, also of one seed on one stack: what a run sends is never a repetition of another's. Within it the load,
    // the probes and what the case sends have seeds of their own: a case that got one of the load's tickets would try nothing.
    this.seed = `${options.seed}/${fault.id}/${stack.dataDir}/${Date.now()}`;
    this.#sender = new Sender(this.history);
    this.#target = stack.door;
    this.scene = this.#sceneOf();
  }

  #sceneOf(): Scene {
    const { stack, history } = this;
    const random = randomFrom(`${this.options.seed}/${this.fault.id}`);
    const send: Scene['send'] = (event, { url = this.#target, headers } = {}) => this.#sender.attempt(url, event, headers);
    return {
      stack, random, send, integrationId: nameOf(this.fault), times: this.options.times, size: this.options.size, seed: `${this.seed}/case`,
      sendUntilAccepted: (event, url) => this.#untilAccepted(event, url),
      appended: (events) => {
        const at = performance.now();
        for (const event of events) history.add({ event, sentAt: at, answeredAt: at, outcome: 'ok', status: 200, said: 'accepted' });
      },
      arrives: async () => {
        const event = this.#probe();
        await this.#untilAccepted(event);
        await waitUntil(() => this.#isEverywhere(event), 'a new event in every table', RECOVER_WITHIN_MS);
      },
      aim: (url) => (this.#target = url),
      pause: (maxMs) => sleep(random.next() * maxMs),
      requests: () => history.requests,
      fail: (invariant, what, eventIds = []) => void this.violations.push({ invariant, what, ...namedFew(new Set(eventIds)) }),
      violations: this.violations,
      note: (text) => void this.notes.push(text),
      recovered: () => this.recovered(),
      audit: (group) => this.#audit(group),
      watch: (integrationId) => void this.integrations.add(integrationId),
      settled: () => this.settle(),
    };
  }

  async #untilAccepted(event: Sent, url = this.#target): Promise<Request> {
    let answer: Request | undefined;
    await waitUntil(async () => {
      answer = await this.#sender.attempt(url, event);
      if (answer.outcome !== 'ok') await sleep(200);
      return answer.outcome === 'ok';
    }, `${event.eventId} to be accepted`, 60_000);
    if (answer === undefined) throw new Error('not sent');
    return answer;
  }

  /** The commits first: what is committed then must be in the table already. */
  async #audit(group: string): Promise<void> {
    const committed = new Map((await positions(this.stack.kafka)).filter((entry) => entry.group === group).map((entry) => [entry.partition, entry.committed]));
    const rows = await rowsOf(this.stack.clickhouse, [...this.integrations], tableOfGroup[group]);
    this.audits.push({ group, committed, held: new Set(rows.map(identityOf)) });
  }

  #probe(): Sent {
    const [event] = ticketStory({ integrationId: nameOf(this.fault), seed: `${this.seed}/probe/${this.#probes++}`, events: 1 });
    if (event === undefined) throw new Error('a ticket has at least one event');
    return event;
  }

  /** From now until every service is ready and a new event has come all the way. */
  async recovered(): Promise<void> {
    const began = performance.now();
    const event = this.#probe();
    try {
      await this.#untilAccepted(event);
      await waitUntil(() => this.#isEverywhere(event), 'a new event in every table', RECOVER_WITHIN_MS);
      for (const service of this.stack.services.values()) if (service.isRunning) await service.untilReady(RECOVER_WITHIN_MS);
    } catch (error) {
      this.scene.fail('I9', `not recovered: ${String(error)}`, [event.eventId]);
    }
    this.recoverySeconds.push((performance.now() - began) / 1_000);
  }

  async #isEverywhere({ eventId, ticketId }: Sent): Promise<boolean> {
    const [row] = await this.stack.clickhouse.query<{ places: number }>(`
      SELECT toUInt8((SELECT count() > 0 FROM log.events WHERE ticket_id = {t:String} AND event_id = {e:String})
        + (SELECT count() > 0 FROM queue.ticket_facts WHERE ticket_id = {t:String}) + (SELECT count() > 0 FROM agents.ticket_facts WHERE ticket_id = {t:String})) AS places`, { t: ticketId, e: eventId });
    if (row?.places === 3) return true;
    await sleep(75);
    return false;
  }

  /** Waits until all that the log holds now is in the tables or, twice, since it went to the quarantine topic meanwhile, in quarantine. */
  async settle(): Promise<void> {
    await this.#allAreDone();
    await this.#allAreDone();
  }

  /** Waits until all groups have done what their topics hold now, whatever comes meanwhile, for as long as they get on. What is still missing then, is. */
  async #allAreDone(): Promise<void> {
    const now = await positions(this.stack.kafka);
    const placeOf = ({ group, topic, partition }: (typeof now)[number]): string => `${group} ${topic}/${partition}`;
    const missing = async (): Promise<number> => {
      const committed = new Map((await positions(this.stack.kafka)).map((entry) => [placeOf(entry), entry.committed]));
      return now.reduce((sum, entry) => sum + Math.max(0, entry.end - (committed.get(placeOf(entry)) ?? 0)), 0);
    };
    await untilNone(missing, 'records that some group has not done', STALLED_AFTER_MS).catch((error: unknown) => this.notes.push(String(error)));
  }

  /** The same when nobody sends any more: then the facts tell all that was landed. */
  async settleAtLast(): Promise<void> {
    await this.settle();
    await waitUntil(() => this.#factsAreComplete(), 'facts that tell what was landed', 20_000).catch((error: unknown) => this.notes.push(String(error)));
  }

  async #factsAreComplete(): Promise<boolean> {
    const parameters = { integrations: [...this.integrations] };
    const here = 'FINAL WHERE integration_id IN {integrations:Array(String)}';
    const told = factsTables.map((table) => `(SELECT sum(bitAnd(version, 4294967295)) FROM ${table} ${here}) = (SELECT count() FROM ${table.split('.')[0] ?? ''}.timeline ${here})`);
    const [row] = await this.stack.clickhouse.query<{ done: number }>(`SELECT toUInt8(${told.join(' AND ')}) AS done`, parameters);
    return row?.done === 1;
  }

  close(): void {
    this.#sender.close();
  }

  get target(): string {
    return this.#target;
  }
}

/** @throws Error only when the harness itself fails; what the system does wrong is in the result. */
export async function runFault(stack: FaultStack, fault: Fault, options: RunOptions): Promise<Result> {
  const began = performance.now();
  const run = new Run(stack, fault, options);
  const since = await endsOfLog(stack.kafka);
  stack.ended.length = 0;
  const watch = new Watch(stack);
  const perSecond = fault.perSecond ?? DEFAULT_PER_SECOND;
  let injections = 0;
  try {
    await fault.prepare?.(run.scene);
    const load = perSecond === 0 ? null : new Load({ history: run.history, target: () => run.target, events: deskStory(nameOf(fault), `${run.seed}/load`), perSecond });
    try {
      for (; injections < options.times; injections++) {
        options.onProgress?.(`${fault.id} ${injections + 1}/${options.times}`);
        await run.scene.pause(700);
        await fault.inject(run.scene, injections);
        if (fault.recovers !== false) await run.recovered();
      }
    } catch (error) {
      run.scene.fail('I9', `broken off after ${injections} injections: ${String(error)}`);
    } finally {
      await stack.heal();
      await load?.stop();
    }
    await run.settleAtLast();
    await fault.finish?.(run.scene);
  } finally {
    watch.end();
    run.close();
  }
  return resultOf(run, { since, samples: watch.samples, injections, began });
}

async function resultOf(run: Run, { since, samples, injections, began }: { since: ReadonlyMap<number, number>; samples: readonly CommitSample[]; injections: number; began: number }): Promise<Result> {
  const { stack, fault, options, history } = run;
  const integrations = [...run.integrations];
  const [log, tables, ends] = [await readLog(stack.kafka, since), await tablesOf(stack.clickhouse, integrations), await positions(stack.kafka)];
  const fates = history.fates();
  const mine = new Set(integrations);
  const entries = log.entries.filter(({ integrationId }) => mine.has(integrationId));
  const judged = judge({
    ...tables, fates, ends, samples: fault.rewinds === true ? [] : samples, log: entries, gaps: log.gaps, poison: log.poison, audits: run.audits, recoverySeconds: run.recoverySeconds,
    endedByThemselves: stack.ended.map(({ name, code, signal }) => `${name} (${signal ?? `code ${code ?? '?'}`})`),
    peakMb: new Map([...stack.services.values()].map(({ name, peakMb }) => [name, peakMb])),
    rebuilt: options.rebuild === true ? await differsWhenRebuilt(stack, nameOf(fault)) : [],
  });
  const violations = [...run.violations, ...judged];
  const countOf = (of: (violation: Violation) => boolean): number => Math.max(0, ...violations.filter(of).map(({ count }) => count));
  return {
    fault, options, injections, violations, notes: run.notes, recoverySeconds: run.recoverySeconds,
    events: fates.size, acknowledged: [...fates.values()].filter(({ outcome }) => outcome === 'ok').length,
    requests: { ok: history.count('ok'), fail: history.count('fail'), unknown: history.count('unknown') },
    lost: countOf(({ invariant, what }) => invariant === 'I1' && what.includes('not in')),
    duplicated: countOf(({ invariant, what }) => (invariant === 'I3' || invariant === 'I6') && what.includes('more than once')),
    copiesInLog: entries.length - new Set(entries.map(identityOf)).size,
    seconds: (performance.now() - began) / 1_000,
  };
}

/** What `npm run rebuild` finds different when it computes the facts of an integration anew; of all when none is named. */
export async function differsWhenRebuilt(stack: FaultStack, integrationId?: string): Promise<string[]> {
  const only = integrationId === undefined ? [] : ['--integration', integrationId];
  const found = await Promise.all(['queue-analytics', 'agent-analytics'].map(async (name) => {
    const { code, output } = await stack.run('infra/rebuild/rebuild.ts', name, '--dry-run', ...only);
    return code === 0 ? [] : [`${name}: ${output.trim().split('\n').slice(-3).join(' ')}`];
  }));
  return found.flat();
}

