// A Kafka whose only disk is full ends itself, and is started again by its supervisor until there is room.
import { defineFault } from '../harness/fault.ts';
import { takesNothing } from '../harness/outage.ts';

const FULL_MS = { small: 10_000, full: 30_000 };

export default defineFault({
  id: 'F31',
  title: 'Kafka’s disk is full for half a minute: 503 only, and it goes on by itself when there is room',
  on: 'small disks',
  times: { small: 1, full: 2 },
  perSecond: 60,
  inject: async (scene) => {
    const { kafka } = scene.stack.disks;
    await kafka.fill();
    await takesNothing(scene, /Kafka/, FULL_MS[scene.size]);
    await kafka.free();
  },
});
