// The last line of every run says in plain words how it went, for people and for logs.
import type { Reporter, TestModule } from 'vitest/node';

export default class LastLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const { result } of [...module.children.allTests()].map((test) => ({ result: test.result().state }))) counts[result]++;
      // A file that can't be read has no tests that could fail.
      if (module.errors().length > 0) counts.failed++;
    }
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
  }
}
