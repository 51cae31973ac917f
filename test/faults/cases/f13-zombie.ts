// A projection freezes with facts in its hands that it has not written, another takes over and writes newer ones, and then the
// frozen one goes on. In the long run the broker finds out by itself, by the session's end.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault } from '../harness/fault.ts';
import { forgetMembers } from '../harness/members.ts';
import { waitUntil, type Service } from '../harness/processes.ts';

const PAST_THE_SESSION_MS = 12_000;

const isFrozen = ({ pid }: Service): boolean => /\) T /.test(readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8'));

export default defineFault({
  id: 'F13',
  title: 'a zombie: a projection freezes before it writes its facts, another one takes over, the first wakes up',
  times: { small: 1, full: 8 },
  inject: async ({ stack, size, random, settled }) => {
    const name = random.pick(['queue-analytics', 'agent-analytics'] as const);
    const zombie = stack.get(name);
    await zombie.stop();
    zombie.begin({ FAILPOINT: 'folded/SIGSTOP' });
    await waitUntil(() => Promise.resolve(isFrozen(zombie)), `${name} to freeze`, 30_000);
    if (size === 'small') await forgetMembers(stack.kafka, name);
    else await sleep(PAST_THE_SESSION_MS);
    const next = stack.add(`${name}-next`, { main: name });
    await next.start();
    await settled();
    await zombie.kill('SIGCONT');
    await sleep(1_000);
    await zombie.stop();
    await zombie.start();
    await stack.remove(`${name}-next`);
  },
});
