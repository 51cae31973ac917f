import { expect, test } from 'vitest';
import { encodedRow } from '../../avro/avro.ts';
import type { LogRecord, ManualBatch } from '../../event-log.ts';
import { idHash } from '../id-hash.ts';
import type { LandingRow } from '../landing.ts';
import type { KeptBatch } from './triage.ts';
import { Unfolded } from './unfolded.ts';

const record = (partition: number, offset: number): LogRecord => ({ topic: 't', partition, offset, key: null, value: null, headers: {}, timestampMs: 0 });

const rowOf = (of: LogRecord, name: string): LandingRow => {
  const [integration_id = '', ticket_id = ''] = name.split('/');
  const identity = { integration_id, ticket_id, event_id: `e${of.offset}` };
  return { kind: 'row', table: 'landing', header: Buffer.alloc(0), ...encodedRow(Buffer.alloc(0)), record: of, eventType: 'happened', identity };
};

const committed: string[] = [];

/** A batch of one partition whose events belong to these tickets. */
function landed(partition: number, from: number, names: readonly string[], commit?: () => Promise<void>): KeptBatch {
  const records = names.map((_, index) => record(partition, from + index));
  const batch: ManualBatch = {
    topic: 't', partition, records, lag: 0, generation: 1, owned: () => true, alive: () => undefined, rewind: () => undefined,
    commit: commit ?? ((next) => {
      committed.push(`${partition}:${next}`);
      return Promise.resolve();
    }),
  };
  return { batch, landed: records.map((of, index) => rowOf(of, names[index] ?? '')), handled: names.map(() => null), next: undefined, poison: undefined };
}

test('a ticket that many batches touched is computed once, with all that was landed of it, beside its neighbours', () => {
  const unfolded = new Unfolded(['happened']);
  unfolded.add(landed(0, 0, ['b/2', 'a/9', 'a/1']));
  unfolded.add(landed(1, 7, ['a/9']));
  expect(unfolded.tickets().map(({ integration_id, ticket_id, landed }) => [integration_id, ticket_id, landed]))
    .toStrictEqual([['a', '1', [idHash('e2')]], ['a', '9', [idHash('e1'), idHash('e7')]], ['b', '2', [idHash('e0')]]]);
});

test('how far each partition is done is committed once all tickets are computed; a commit that fails is tried again', async () => {
  const unfolded = new Unfolded(['happened']);
  unfolded.add(landed(0, 0, ['a/1', 'a/2']));
  unfolded.add(landed(0, 2, ['a/1']));
  let away = true;
  unfolded.add(landed(1, 0, ['a/3'], () => (away ? Promise.reject(new Error('away')) : Promise.resolve())));
  unfolded.folded(unfolded.tickets());
  expect(unfolded.isEmpty, 'something is left to commit').toBe(false);
  expect(await unfolded.commit(0)).toMatchObject({ message: 'away' });
  expect(committed).toStrictEqual(['0:3']);
  away = false;
  expect(await unfolded.commit(0)).toBe(undefined);
  expect(unfolded.isEmpty).toBe(true);
});

test('after three million events nothing waits for more, so what is held is bounded', () => {
  const unfolded = new Unfolded(['happened']);
  const batch = landed(0, 0, Array.from({ length: 10_000 }, (_, index) => `a/${index % 7}`));
  for (let i = 1; i < 300; i++) unfolded.add(batch);
  expect(unfolded.dueInMs()).toBeGreaterThan(0);
  unfolded.add(batch);
  expect(unfolded.dueInMs()).toBe(0);
  unfolded.folded(unfolded.tickets());
  expect(unfolded.dueInMs(), 'it begins anew').toBeGreaterThan(0);
});
