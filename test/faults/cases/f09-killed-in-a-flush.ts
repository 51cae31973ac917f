// All three projections die at a step of their flush, each at another one; whoever comes after them finds what they left.
import { defineFault, type Scene } from '../harness/fault.ts';
import { forgetMembers } from '../harness/members.ts';
import { projections, type ProjectionName } from '../harness/stack.ts';

const steps: Readonly<Record<ProjectionName, readonly string[]>> = {
  'queue-analytics': ['landed', 'read', 'folded', 'inserted:ticket_facts', 'inserted:sla_timer_facts', 'before-commit'],
  'agent-analytics': ['landed', 'read', 'folded', 'inserted:ticket_facts', 'before-commit'],
  'event-archive': ['landed', 'before-commit'],
};

/** In a row each dies without a life in between that gets through; after so many, one does. */
const IN_A_ROW = 10;

/** Lives until it is at this step for the n-th time. @returns when it is dead. */
async function lifeOf({ stack, random, size, audit }: Scene, name: ProjectionName, turn: number): Promise<void> {
  const service = stack.get(name);
  const step = steps[name][turn % steps[name].length] ?? '';
  await service.stop();
  service.begin({ FAILPOINT: `${step}#${size === 'small' ? 1 : random.int(1, 3)}` });
  await service.dies();
  // Of two hundred some are looked into: each look reads all events so far.
  if (size === 'small' || random.chance(0.1)) await audit(name);
  await forgetMembers(stack.kafka, name);
  if (name === 'event-archive') await forgetMembers(stack.kafka, `${name}-quarantine`);
}

export default defineFault({
  id: 'F9',
  title: 'every projection is killed at each step of a flush: landed, read, folded, each table inserted, before the commit',
  times: { small: 6, full: 200 },
  perSecond: 20,
  recovers: false,
  inject: async (scene, turn) => {
    const { stack, size, times, recovered } = scene;
    // The first of these turns does all of them, so that none of the projections waits for the others between its lives.
    if (turn % IN_A_ROW !== 0) return;
    await Promise.all(projections.map(async (name) => {
      // In the short run each dies once at each of its steps.
      const lives = Math.min(turn + IN_A_ROW, times, size === 'small' ? steps[name].length : Infinity);
      for (let life = turn; life < lives; life++) await lifeOf(scene, name, life);
    }));
    for (const name of projections) stack.get(name).begin();
    await recovered();
  },
});
