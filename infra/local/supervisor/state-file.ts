// Small files of our own in the data folder: written whole or not at all, and read without trust,
// since a full disk, a power cut or an editor may have left half of one.
import { readFile, rename, writeFile } from 'node:fs/promises';

/** Readable by their owner only: they may hold secrets. */
const mode = 0o600;

export async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.part`, text, { mode, flush: true });
  await rename(`${file}.part`, file);
}

/** What a JSON file holds, 'missing' without one, 'damaged' when it is not what it should be. */
export async function readState<T>(file: string, isWhole: (value: unknown) => value is T): Promise<T | 'missing' | 'damaged'> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return 'missing';
  try {
    const value: unknown = JSON.parse(text);
    return isWhole(value) ? value : 'damaged';
  } catch {
    return 'damaged';
  }
}
