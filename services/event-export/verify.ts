// Whether an export is what was written: every manifest follows from the one before, every file is as its manifest says.
import { RuntimeError } from '../runtime/errors.ts';
import { digestOf, filePath, manifestPath, planPath, readManifest, readPlan, rootOf, type Chain, type Head, type Manifest } from './manifest.ts';

export interface Verdict {
  readonly problems: readonly string[];
  readonly manifests: number;
  readonly files: number;
  readonly events: number;
  readonly head: Head;
}

/** So many missing manifests in a row are looked past. */
const GAP = 20;

type Read = NonNullable<Head> | 'damaged' | null;

/** Looks at all there is, also behind what is damaged or missing. @param last a hash that was noted elsewhere: the chain must still contain it, so a cut-off end is found. */
export async function verifyChain(chain: Chain, last?: string): Promise<Verdict> {
  // First, so that what is exported meanwhile is not taken for a stranger.
  const there = (await chain.target.list?.(rootOf(chain)) ?? []).map((path) => `${rootOf(chain)}/${path}`);
  const problems: string[] = [];
  const whole: NonNullable<Head>[] = [];
  let [before, missing]: [Read, number] = [null, 0];
  for (let sequence = 1; missing < GAP; sequence++) {
    const next = await readOrTell(chain, sequence, problems);
    missing = next === null ? missing + 1 : 0;
    if (next !== null && before === null && sequence > 1) problems.push(`${manifestPath(chain, sequence)} is there, and the one before it is not`);
    if (next !== null && next !== 'damaged') {
      if (before !== 'damaged' && (before !== null || sequence === 1)) problems.push(...wrongAfter(chain, before, next.manifest));
      whole.push(next);
    }
    before = next;
  }
  const counts = { files: 0, events: 0 };
  for (const { manifest } of whole) {
    problems.push(...await wrongFiles(chain, manifest));
    counts.files += manifest.files.length;
    counts.events += manifest.files.filter(({ format }) => format === manifest.files[0]?.format).reduce((sum, { events }) => sum + events, 0);
  }
  // What is not known to be a file of the export can't be told apart while a manifest is unreadable.
  if (problems.length === 0) problems.push(...await strangers(chain, there, whole));
  if (last !== undefined && !whole.some(({ sha256 }) => sha256 === last)) problems.push(`no manifest has the hash ${last}: the end of the chain is missing, or it was written anew`);
  return { problems, manifests: whole.length, ...counts, head: whole.at(-1) ?? null };
}

async function readOrTell(chain: Chain, sequence: number, problems: string[]): Promise<Read> {
  try {
    return await readManifest(chain, sequence);
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'EXPORT_INCONSISTENT')) throw error;
    problems.push(error.message);
    return 'damaged';
  }
}

function wrongAfter(chain: Chain, before: Head, { sequence, previous_sha256, from }: Manifest): string[] {
  const path = manifestPath(chain, sequence);
  return [
    ...(previous_sha256 === (before?.sha256 ?? null) ? [] : [`${path} does not follow from the one before it: the chain is broken`]),
    ...(before === null || from > before.manifest.through ? [] : [`${path} covers days that an earlier one covers`]),
  ];
}

async function wrongFiles(chain: Chain, { files }: Manifest): Promise<string[]> {
  const problems: string[] = [];
  for (const file of files) {
    const content = await chain.target.open(filePath(chain, file));
    if (content === null) problems.push(`${filePath(chain, file)} is not there`);
    else if ((await digestOf(content)).sha256 !== file.sha256) problems.push(`${filePath(chain, file)} is not what was written: its SHA-256 is another`);
  }
  return problems;
}

/** Files that no manifest tells of, in a place that can be listed. Those of a step that is under way, or was killed, its plan tells. */
async function strangers(chain: Chain, there: readonly string[], whole: readonly NonNullable<Head>[]): Promise<string[]> {
  const next = whole.length + 1;
  const plan = await readPlan(chain, next);
  const known = new Set([
    ...[...whole.flatMap(({ manifest }) => manifest.files), ...plan?.files ?? []].map((file) => filePath(chain, file)),
    ...Array.from({ length: next }, (_, index) => [manifestPath(chain, index + 1), planPath(chain, index + 1)]).flat(),
  ]);
  return there.filter((path) => !known.has(path)).map((path) => `${path} is there, and no manifest tells of it`);
}
