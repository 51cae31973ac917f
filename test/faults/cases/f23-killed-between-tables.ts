// The projection has written one of its facts tables and not the other when ClickHouse dies, and then it dies too.
import { readFileSync } from 'node:fs';
import { defineFault } from '../harness/fault.ts';
import { forgetMembers } from '../harness/members.ts';
import { waitUntil } from '../harness/processes.ts';

export default defineFault({
  id: 'F23',
  title: 'ClickHouse is killed between two tables of one flush, and the projection with it',
  times: { small: 0, full: 10 },
  inject: async ({ stack, audit }) => {
    const service = stack.get('queue-analytics');
    await service.stop();
    service.begin({ FAILPOINT: 'inserted:ticket_facts/SIGSTOP' });
    await waitUntil(() => Promise.resolve(/\) T /.test(readFileSync(`/proc/${service.pid ?? 0}/stat`, 'utf8'))), 'the projection between its tables', 30_000);
    stack.parts.kill('clickhouse', 'SIGKILL');
    await service.remove();
    await forgetMembers(stack.kafka, 'queue-analytics');
    await waitUntil(async () => (await stack.clickhouse.ping()) === null, 'ClickHouse', 60_000);
    await audit('queue-analytics');
    service.begin();
  },
});
