import { defineFault } from '../harness/fault.ts';
import { takesNothing } from '../harness/outage.ts';

export default defineFault({
  id: 'F5b',
  title: 'the only broker freezes for 10 to 40 s: the door says so in time and answers 503 within its deadline',
  times: { small: 0, full: 4 },
  inject: async (scene) => {
    const { stack, random } = scene;
    stack.parts.kill('kafka', 'SIGSTOP');
    await takesNothing(scene, /Kafka does not answer/, random.int(10_000, 40_000));
    stack.parts.kill('kafka', 'SIGCONT');
  },
});
