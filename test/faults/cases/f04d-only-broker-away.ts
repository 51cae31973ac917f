import { defineFault } from '../harness/fault.ts';
import { takesNothing } from '../harness/outage.ts';

const AWAY_MS = { small: 6_000, full: 60_000 };

export default defineFault({
  id: 'F4d',
  title: 'the only broker stops, by turns at once or in peace, for up to a minute: 503, no false 200, and no process ends',
  times: { small: 0, full: 6 },
  inject: async (scene, turn) => {
    const { stack, random, size } = scene;
    if (turn % 2 === 0) stack.parts.kill('kafka', 'SIGKILL');
    await stack.parts.stopPart('kafka');
    await takesNothing(scene, /Kafka/, AWAY_MS[size] * (0.2 + 0.8 * random.next()));
    await stack.parts.start('kafka');
  },
});
