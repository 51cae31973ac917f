// All three projections die at a step of their flush, each at another one; whoever comes after them finds what they left.
import { defineFault } from '../harness/fault.ts';
import { forgetMembers } from '../harness/members.ts';
import type { ProjectionName } from '../harness/stack.ts';

const steps: Readonly<Record<ProjectionName, readonly string[]>> = {
  'queue-analytics': ['landed', 'read', 'folded', 'inserted:ticket_facts', 'inserted:sla_timer_facts', 'before-commit'],
  'agent-analytics': ['landed', 'read', 'folded', 'inserted:ticket_facts', 'before-commit'],
  'event-archive': ['landed', 'before-commit'],
};

export default defineFault({
  id: 'F9',
  title: 'every projection is killed at each step of a flush: landed, read, folded, each table inserted, before the commit',
  times: { small: 6, full: 200 },
  perSecond: 40,
  inject: async ({ stack, audit, random, size }, turn) => {
    await Promise.all(Object.entries(steps).map(async ([name, ofIt]) => {
      const service = stack.get(name);
      await service.stop();
      // The first flush after a start is much like the next; in the long run others die, too.
      const flush = size === 'small' ? 1 : random.int(1, 3);
      service.begin({ FAILPOINT: `${ofIt[turn % ofIt.length] ?? ''}#${flush}` });
      await service.dies();
      await audit(name);
      await forgetMembers(stack.kafka, name);
      if (name === 'event-archive') await forgetMembers(stack.kafka, `${name}-quarantine`);
      service.begin();
    }));
  },
});
