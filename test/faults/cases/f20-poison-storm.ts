// A producer is deployed before its schema: all that it writes into a partition is unreadable. That is a bad deploy, not bad data:
// the partition waits in all services at one place, the others go on, and once the schema is there nothing is lost or there twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { BREAKER_WINDOW } from '../../../services/runtime/projection/breaker.ts';
import { defineFault, type Scene } from '../harness/fault.ts';
import { forgetMembers } from '../harness/members.ts';
import { positions } from '../harness/observe.ts';
import { waitUntil } from '../harness/processes.ts';
import { appendRaw, comingSchema, rawEvent } from '../harness/raw.ts';
import { projections } from '../harness/stack.ts';
import { signed, ticketStory } from '../harness/story.ts';
import { readinessOf } from '../harness/warnings.ts';
import type { Sent } from '../harness/history.ts';

const STORM_MS = { small: 0, full: 60_000 };

/** A ticket with its creation, sent, and many changes of its status that are not. */
async function stormOf({ integrationId, seed, random, sendUntilAccepted }: Scene, turn: number, count: number): Promise<Sent[]> {
  const [created] = ticketStory({ integrationId, seed: `${seed}/${turn}`, events: 1 });
  if (created === undefined) return [];
  await sendUntilAccepted(created);
  const begins = Date.parse(created.timestamp);
  return Array.from({ length: count }, (_, number) => {
    const at = begins + (number + 1) * 60_000;
    const status = `s${number}`;
    const payload = { previous_status: 'new', new_status: status, changed_by: { type: 'agent', id: 'lea' }, changed_at: new Date(at).toISOString() };
    return signed({ integrationId, ticketId: created.ticketId, eventId: random.uuid(), eventType: 'status.changed', at, payload, effect: { kind: 'status', status } });
  });
}

/** All services stand at the same record. */
async function waitTogether({ stack, fail }: Scene): Promise<void> {
  for (const name of projections) {
    await waitUntil(async () => (await readinessOf(stack.get(name))).status === 503, `${name} to wait`, 60_000);
    const { reason } = await readinessOf(stack.get(name));
    if (!/^POISON_BREAKER: .* waits at offset \d+: .*unknown_schema/.test(reason)) fail('I9', `${name} says ${reason} instead of why it waits`);
    if (!/ticketstream_held_partitions\{cause="poison"[^}]*\} 1/.test(await stack.get(name).metrics())) fail('I9', `${name} has no metric for a partition that waits`);
  }
}

export default defineFault({
  id: 'F20',
  title: 'a storm of nothing but poison for a minute, by a producer deployed before its schema: the partition waits, the others go on, a fix brings all in once',
  times: { small: 1, full: 1 },
  recovers: false,
  inject: async (scene, turn) => {
    const { stack, size, fail, integrationId, note } = scene;
    const schema = await comingSchema(stack, 'status.changed');
    const storm = await stormOf(scene, turn, size === 'small' ? 2 * BREAKER_WINDOW : 3_000);
    const pieces = size === 'small' ? 1 : 60;
    for (let piece = 0; piece < pieces; piece++) {
      await appendRaw(stack, storm.slice((piece * storm.length) / pieces, ((piece + 1) * storm.length) / pieces).map((event) => rawEvent(event, schema.id)));
      scene.appended(storm.slice((piece * storm.length) / pieces, ((piece + 1) * storm.length) / pieces));
      await sleep(STORM_MS[size] / pieces);
    }
    await waitTogether(scene);
    // A restart forgets what was seen, not where it waits.
    await stack.get('event-archive').kill('SIGKILL');
    if (size === 'small') for (const group of ['event-archive', 'event-archive-quarantine']) await forgetMembers(stack.kafka, group);
    await waitUntil(async () => (await readinessOf(stack.get('event-archive'))).reason.startsWith('POISON_BREAKER'), 'event-archive to wait again', 60_000);
    const places = (await positions(stack.kafka)).filter(({ committed, end }) => committed < end);
    const held = new Map(projections.map((name) => [name, places.filter(({ group, topic }) => group === name && topic.includes('ticket-events')).toSorted((a, b) => (b.end - b.committed) - (a.end - a.committed))[0]?.committed]));
    if (new Set(held.values()).size !== 1) fail('I7', `services wait at different records: ${[...held].map(([name, place]) => `${name} ${place ?? 'nowhere'}`).join(', ')}`);
    // Of that many new tickets, in six partitions, one at least lies in another than the one that waits.
    await Promise.any(Array.from({ length: 12 }, () => scene.arrives()));
    const leaked = await stack.clickhouse.query<{ event_id: string }>("SELECT event_id FROM log.quarantine WHERE integration_id = {i:String} AND status = 'pending'", { i: integrationId });
    if (leaked.length > BREAKER_WINDOW / 2) fail('I6', `${leaked.length} were quarantined before it was clear that most are poison`, leaked.map(({ event_id }) => event_id));
    note(`${storm.length} unreadable events; ${leaked.length} in quarantine before the partition waited`);
    await schema.register();
    await scene.settled();
    // Those that went to quarantine before come in again by a replay.
    if (leaked.length > 0) {
      const { code, output } = await stack.run('infra/quarantine/quarantine.ts', 'replay', ...leaked.flatMap(({ event_id }) => ['--event-id', event_id]));
      if (code !== 0) fail('I6', `replay ended with ${code}: ${output}`);
    }
  },
});
