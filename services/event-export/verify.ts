// Whether an export is what was written: every manifest follows from the one before, every file is as its manifest says.
import { RuntimeError } from '../runtime/errors.ts';
import { digestOf, filePath, manifestPath, readManifest, type Chain, type Head } from './manifest.ts';

export interface Verdict {
  readonly problems: readonly string[];
  readonly manifests: number;
  readonly files: number;
  readonly events: number;
  readonly head: Head;
}

/** @param last a hash that was noted elsewhere: the chain must still contain it, so a cut-off end is found. */
export async function verifyChain(chain: Chain, last?: string): Promise<Verdict> {
  const problems: string[] = [];
  let head: Head = null;
  let [files, events, found] = [0, 0, last === undefined];
  for (let sequence = 1; ; sequence++) {
    const next = await readOrTell(chain, sequence, problems);
    if (next === null) break;
    const { manifest } = next;
    const path = manifestPath(chain, sequence);
    if (manifest.previous_sha256 !== (head?.sha256 ?? null)) problems.push(`${path} does not follow from the one before it: the chain is broken`);
    if (head !== null && manifest.from <= head.manifest.through) problems.push(`${path} covers days that an earlier one covers`);
    for (const file of manifest.files) {
      const content = await chain.target.open(filePath(chain, file));
      if (content === null) problems.push(`${filePath(chain, file)} is not there`);
      else if ((await digestOf(content)).sha256 !== file.sha256) problems.push(`${filePath(chain, file)} is not what was written: its SHA-256 is another`);
      files += 1;
      if (file.format === manifest.files[0]?.format) events += file.events;
    }
    found ||= next.sha256 === last;
    head = next;
  }
  // A manifest that was taken out leaves a gap; whatever stands behind it is told.
  const behind = await manifestBehindGap(chain, head?.manifest.sequence ?? 0);
  if (behind !== null) problems.push(`${manifestPath(chain, behind)} is there, and the one before it is not`);
  if (!found) problems.push(`no manifest has the hash ${last ?? ''}: the end of the chain is missing, or it was written anew`);
  return { problems, manifests: head?.manifest.sequence ?? 0, files, events, head };
}

async function readOrTell(chain: Chain, sequence: number, problems: string[]): Promise<Head> {
  try {
    return await readManifest(chain, sequence);
  } catch (error) {
    if (!(error instanceof RuntimeError && error.code === 'EXPORT_INCONSISTENT')) throw error;
    problems.push(error.message);
    return null;
  }
}

/** So many missing ones in a row are looked past. */
const GAP = 20;

async function manifestBehindGap(chain: Chain, last: number): Promise<number | null> {
  for (let sequence = last + 2; sequence <= last + GAP; sequence++) {
    const content = await chain.target.open(manifestPath(chain, sequence));
    content?.destroy();
    if (content !== null) return sequence;
  }
  return null;
}
