// Files run in the order in which a newcomer reads them: the tour by its numbers, then what it
// leaves out. Before them what takes longest, so that nothing is left to run alone at the end; and among that
// first those that need an empty stack, as long as it is empty by itself.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const places = ['test/faults/lost-disks', 'test/integration/reconcile', 'test/faults/', 'test/integration/rebuild', 'test/tour/', 'test/integration/'];

export class ReadingOrder extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): string => {
      const file = relative(this.ctx.config.root, moduleId);
      return `${places.findIndex((start) => file.startsWith(start))} ${file}`;
    };
    return Promise.resolve(specifications.toSorted((a, b) => place(a).localeCompare(place(b))));
  }
}
