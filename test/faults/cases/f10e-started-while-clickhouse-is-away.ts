import { defineFault } from '../harness/fault.ts';
import { waitUntil } from '../harness/processes.ts';
import { projections } from '../harness/stack.ts';
import { readinessOf } from '../harness/warnings.ts';

export default defineFault({
  id: 'F10e',
  title: 'every projection is started again while ClickHouse is away: it lives, says so, and begins when ClickHouse is there',
  times: { small: 0, full: 3 },
  inject: async ({ stack, fail }) => {
    await stack.parts.stopPart('clickhouse');
    await Promise.all(projections.map((name) => stack.get(name).kill()));
    await Promise.all(projections.map((name) => waitUntil(async () => (await readinessOf(stack.get(name))).status === 503, `${name} to say that it waits`, 60_000)))
      .catch((error: unknown) => fail('I9', String(error)));
    await stack.parts.start('clickhouse');
  },
});
