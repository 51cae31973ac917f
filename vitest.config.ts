// Three projects, told apart by folder: `unit` needs nothing but Node; `system` runs on the real stack,
// which test/system/setup.ts starts; `faults` breaks a stack that it starts itself. A file of one project starts nothing of another.
import { configDefaults, defineConfig } from 'vitest/config';
import { ReadingOrder } from './test/system/reading-order.ts';

const onTheStack = ['test/{tour,integration}/**/*.test.ts', 'test/faults/*.test.ts', 'services/*/projection.test.ts'];
const allFaults = 'test/faults/all-faults.test.ts';

export default defineConfig({
  test: {
    reporters: ['default', './test/last-line.ts'],
    sequence: { sequencer: ReadingOrder },
    coverage: { reporter: ['text'], reportsDirectory: 'node_modules/.coverage', include: ['schemas/**/*.ts', 'services/**/*.ts', 'infra/**/*.ts'], exclude: ['**/*.test.ts', 'schemas/generated/**', 'schemas/docs/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{schemas,services,infra,test}/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...onTheStack],
          // They share nothing but modules without state: loading those once a worker spares a third of the time.
          isolate: false,
          maxWorkers: 2,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: onTheStack,
          exclude: [...configDefaults.exclude, allFaults],
          globalSetup: 'test/system/setup.ts',
          setupFiles: 'test/system/environment.ts',
          // After the unit tests. Each file has a stack to itself, so it may break it (test/system/setup.ts).
          // Files wait more than they compute, so four run side by side on two cores, three of them on the stacks there are.
          sequence: { groupOrder: 1 },
          maxWorkers: 4,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'faults',
          include: [allFaults],
          // Beside the files of the system project, by the same workers.
          sequence: { groupOrder: 1 },
          maxWorkers: 4,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
