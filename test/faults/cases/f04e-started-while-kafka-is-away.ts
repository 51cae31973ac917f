import { defineFault } from '../harness/fault.ts';
import { waitUntil } from '../harness/processes.ts';
import { readinessOf } from '../harness/warnings.ts';

export default defineFault({
  id: 'F4e',
  title: 'every service is started again while Kafka is away: it lives, says what it waits for, and begins when Kafka is there',
  times: { small: 0, full: 3 },
  inject: async ({ stack, fail }) => {
    await stack.parts.stopPart('kafka');
    await Promise.all([...stack.services.values()].map((service) => service.kill()));
    await Promise.all([...stack.services.values()].map((service) => waitUntil(async () => /starting: .*Kafka/.test((await readinessOf(service)).reason), `${service.name} to say that it waits for Kafka`, 60_000)))
      .catch((error: unknown) => fail('I9', String(error)));
    await stack.parts.start('kafka');
  },
});
