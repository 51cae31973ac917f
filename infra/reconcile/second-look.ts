// What is found is looked at once more after a moment, since a service may just be about to write it: what is found both times is
// a finding. After a repair it is looked at a last time: what is still there was not repaired.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from './context.ts';
import { isNote, lineOf, type Finding } from './findings.ts';

/** What is committed is written; only two reads, one after the other, may have seen two states of a table. */
const SECOND_LOOK_MS = 250;

const linesOf = (findings: readonly Finding[]): ReadonlySet<string> => new Set(findings.map(lineOf));

export async function lookAndRepair({ report, repair }: Pick<Run, 'report' | 'repair'>, look: () => Promise<Finding[]>, mend: (found: readonly Finding[]) => Promise<void>): Promise<void> {
  const first = await look();
  const notes = first.filter(isNote);
  report.add(notes);
  if (first.length === notes.length) return;
  await sleep(SECOND_LOOK_MS);
  const again = linesOf(await look());
  const found = first.filter((item) => !isNote(item) && again.has(lineOf(item)));
  if (repair && found.length > 0) await mend(found);
  const left = repair && found.length > 0 ? linesOf(await look()) : again;
  report.add(found.filter((item) => left.has(lineOf(item))));
  report.add(found.filter((item) => !left.has(lineOf(item))), true);
}
