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
  /** A small file, for the first who asks: false, and nothing written, when it is there already. */
  create(path: string, content: string): Promise<boolean>;
  remove(path: string): Promise<void>;
  close(): void;
}

export async function readSmall(target: Target, path: string): Promise<Buffer | null> {
  const content = await target.open(path);
  if (content === null) return null;
  const parts: Buffer[] = [];
  for await (const part of content) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** An id as one step of a path: no slash, no dots that lead elsewhere. */
export const pathStep = (id: string): string => encodeURIComponent(id).replaceAll('.', '%2E').replaceAll('*', '%2A');

/** What a place says when it fails, told apart by whether waiting helps; never with what was to be written. */
export function targetError(name: string, retriable: boolean, said: string, cause: unknown): RuntimeError {
  return new RuntimeError(retriable ? 'EXPORT_TARGET_UNAVAILABLE' : 'EXPORT_TARGET_REFUSED', `${name}: ${said}`, { cause });
}
