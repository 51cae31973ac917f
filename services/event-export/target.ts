// Where files go. Whatever the place is: a file is there whole or not at all, and nothing that is there is changed.
import type { Readable } from 'node:stream';
import { RuntimeError } from '../runtime/errors.ts';

export interface Target {
  /** For people, without a secret. */
  readonly name: string;
  /** Null when there is no such file. */
  open(path: string): Promise<Readable | null>;
  /** The file is there when this resolves, and none of it when it rejects. */
  write(path: string, content: Readable): Promise<void>;
  /** A small file, for the first who asks: false, and nothing written, when something else is there already. */
  create(path: string, content: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  /** All files below a folder but hidden ones, from there on; of places that need no right of its own for it. */
  list?(path: string): Promise<readonly string[]>;
  close(): void;
}

/** No plan and no manifest is as large; whatever lies there instead is not read into memory. */
const LARGEST_SMALL_BYTES = 67_108_864;
/** Nor does one take as long. */
export const SMALL_WITHIN_MS = 60_000;

export async function readSmall(target: Target, path: string): Promise<Buffer | null> {
  const content = await target.open(path);
  if (content === null) return null;
  const parts: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => content.destroy(targetError(target.name, true, `${path} does not come to an end`, null)), SMALL_WITHIN_MS);
  try {
    for await (const part of content) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (bytes > LARGEST_SMALL_BYTES) throw new RuntimeError('EXPORT_INCONSISTENT', `${path} is not what was written there: it is too large`);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts);
}

/**
 * Whether a file is there as it was to be created; null when there is none. When the answer to a creation is lost, its repetition
 * finds what the first try has made.
 */
export async function isThere(target: Target, path: string, content: string): Promise<boolean | null> {
  const there = await readSmall(target, path);
  return there?.equals(Buffer.from(content)) ?? null;
}

/** An id as one step of a path: no slash, no dots that lead elsewhere. */
export const pathStep = (id: string): string => encodeURIComponent(id).replaceAll('.', '%2E').replaceAll('*', '%2A');

/** What a place says when it fails, told apart by whether waiting helps; never with what was to be written. */
export function targetError(name: string, retriable: boolean, said: string, cause: unknown): RuntimeError {
  return new RuntimeError(retriable ? 'EXPORT_TARGET_UNAVAILABLE' : 'EXPORT_TARGET_REFUSED', `${name}: ${said}`, { cause });
}
