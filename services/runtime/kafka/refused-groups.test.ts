import { expect, test } from 'vitest';
import { tellingWhy, type Cluster } from './refused-groups.ts';

const refusal = Object.assign(new Error('Not authorized to access group'), { type: 'GROUP_AUTHORIZATION_FAILED' });
const lost = new Error('Failed to find group coordinator');

/** A cluster whose own search drops what its brokers said. */
const clusterThat = (answer: () => Promise<unknown>): Cluster => ({
  brokerPool: { withBroker: (work) => work({ broker: { findGroupCoordinator: answer } }) },
  findGroupCoordinatorMetadata: tellingWhy(() => Promise.reject(lost)),
});
const asked = (answer: () => Promise<unknown>): Promise<unknown> => clusterThat(answer).findGroupCoordinatorMetadata({ groupId: 'mine' });

test('a refused group is told as that, and a broker that is away as before', async () => {
  await expect(asked(() => Promise.reject(refusal))).rejects.toBe(refusal);
  await expect(asked(() => Promise.reject(new Error('Closed connection')))).rejects.toBe(lost);
  await expect(asked(() => Promise.resolve({ coordinator: { nodeId: 1 } })), 'it has come back meanwhile: the next try finds it').rejects.toBe(lost);
});

test('what is found is given on', async () => {
  const found = { coordinator: { nodeId: 1 } };
  expect(await tellingWhy(() => Promise.resolve(found)).call(clusterThat(() => Promise.reject(refusal)), { groupId: 'mine' })).toBe(found);
});
