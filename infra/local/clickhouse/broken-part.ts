// A merge that is under way when the disk fills up can leave a part without its marks (seen with 26.7 in process), and then every
// read of its table fails. Starting again mends it: the engine sets such a part aside and takes up those that it was merged of,
// which it keeps for eight minutes. So this process ends itself, and whoever supervises it starts it again.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { ClickHouseError } from './errors.ts';

/** CANNOT_READ_ALL_DATA, CHECKSUM_DOESNT_MATCH, FILE_DOESNT_EXIST, CORRUPTED_DATA. */
const SAY_BROKEN = new Set([33, 40, 107, 246]);
/** `store/1d5/1d5c…/all_1_37_7`: a part lies in the folder of its table, which is named by a UUID. */
const PART = /\/(store\/[0-9a-f]{3}\/[0-9a-f-]{36}\/[0-9A-Za-z_-]+)/;

/**
 * The folder of a part that reading stumbled over, if it was written since `since` (milliseconds of the epoch): one that was
 * there when this process started was looked at then, and would be no better after another start.
 */
export function newBrokenPart({ code, message }: ClickHouseError, { enginePath, since }: { readonly enginePath: string; readonly since: number }): string | undefined {
  const part = SAY_BROKEN.has(code) ? PART.exec(message)?.[1] : undefined;
  const written = part === undefined ? undefined : statSync(join(enginePath, part), { throwIfNoEntry: false })?.mtimeMs;
  // The engine notes whole seconds.
  return written !== undefined && written >= Math.floor(since / 1_000) * 1_000 ? part : undefined;
}
