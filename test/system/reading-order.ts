// Files run in the order in which a newcomer reads them: the tour by its numbers, then what it
// leaves out, and last what breaks the stack.
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const folders = ['test/tour/', 'test/integration/', 'test/faults/'];

export class ReadingOrder extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): string => {
      const file = relative(this.ctx.config.root, moduleId);
      return `${folders.findIndex((folder) => file.startsWith(folder))} ${file}`;
    };
    return Promise.resolve(specifications.toSorted((a, b) => place(a).localeCompare(place(b))));
  }
}
