import { defineFault } from '../harness/fault.ts';
import { takesNothing } from '../harness/outage.ts';

const AWAY_MS = { small: 8_000, full: 60_000 };

export default defineFault({
  id: 'F4b',
  title: 'all three brokers are killed and stay away for a minute: 503, and no false 200',
  on: 'three brokers',
  // A coordinator whose every replica was killed first answers up to the high watermark on its disk, which is up to 5 s old, and less
  // than a second later all that was committed: seen with six groups that nobody read.
  rewinds: true,
  times: { small: 1, full: 2 },
  inject: async (scene) => {
    const { cluster } = scene.stack;
    for (const id of cluster.ids) await cluster.kill(id);
    await takesNothing(scene, /Kafka/, AWAY_MS[scene.size]);
    await Promise.all(cluster.ids.map((id) => cluster.startBroker(id)));
  },
});
