// ClickHouse's disk is as it was some time ago: an older copy of its folder is put back. The log has everything, so the groups
// are set back to where the copy may end, and everything lands again.
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeGroup } from '../../../services/runtime/kafka/admin.ts';
import { defineFault } from '../harness/fault.ts';
import { groups } from '../harness/observe.ts';
import { projections } from '../harness/stack.ts';

export default defineFault({
  id: 'F33',
  title: 'a power loss: an older copy of ClickHouse’s folder is put back, and the groups are set back to before it was made',
  times: { small: 0, full: 3 },
  rewinds: true,
  inject: async ({ stack }) => {
    const [folder, copy] = [join(stack.dataDir, 'clickhouse'), join(stack.dataDir, 'clickhouse-copy')];
    await stack.parts.stopPart('clickhouse');
    const copiedAt = new Date(Date.now() - 60_000);
    await cp(folder, copy, { recursive: true });
    await stack.parts.start('clickhouse');
    await sleep(6_000);
    for (const name of projections) await stack.get(name).stop();
    stack.parts.kill('clickhouse', 'SIGKILL');
    await stack.parts.stopPart('clickhouse');
    await rm(folder, { recursive: true });
    await cp(copy, folder, { recursive: true });
    await rm(copy, { recursive: true });
    await stack.parts.start('clickhouse');
    for (const { group, topic } of groups) await placeGroup(stack.kafka, { groupId: group, topic, from: copiedAt, reset: true });
    for (const name of projections) stack.get(name).begin();
  },
});
