// Whoever may not use a consumer group is told so by every broker; kafkajs 2.2.4 drops what they say and reports "Failed to find group
// coordinator", as for a broker that is away, which would be waited for in vain. So one is asked again for its reason.
import { createRequire } from 'node:module';

interface Asked {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

interface Broker {
  findGroupCoordinator(asked: Asked): Promise<unknown>;
}

export interface Cluster {
  readonly brokerPool: {
    withBroker<T>(work: (found: { readonly broker: Broker }) => Promise<T>): Promise<T | null>;
  };
  findGroupCoordinatorMetadata(asked: Asked): Promise<unknown>;
}

const isRefusal = (error: unknown): boolean => error instanceof Error && 'type' in error && error.type === 'GROUP_AUTHORIZATION_FAILED';

export const tellingWhy = (find: Cluster['findGroupCoordinatorMetadata']): Cluster['findGroupCoordinatorMetadata'] =>
  async function (this: Cluster, asked: Asked): Promise<unknown> {
    try {
      return await find.call(this, asked);
    } catch (error) {
      const reason = await this.brokerPool.withBroker(async ({ broker }) => broker.findGroupCoordinator(asked).then(() => null, (why: unknown) => why));
      throw isRefusal(reason) ? reason : error;
    }
  };

let isDone = false;

export function tellRefusedGroups(): void {
  if (isDone) return;
  isDone = true;
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/cluster') as { prototype: Cluster };
  const find: Cluster['findGroupCoordinatorMetadata'] = Reflect.get(prototype, 'findGroupCoordinatorMetadata');
  prototype.findGroupCoordinatorMetadata = tellingWhy(find);
}
