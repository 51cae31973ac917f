// A desk file from disk, for every command that takes one.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf } from '../../services/runtime/errors.ts';
import { Refused } from '../target/refused.ts';
import type { Desk } from './desk.ts';
import { readDesk } from './read-desk.ts';

export interface DeskFile {
  readonly name: string;
  readonly content: string;
  readonly desk: Desk;
}

/** @throws Refused */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Refused(`${path}: ${messageOf(error)}`);
  }
}

/** @throws Refused with every problem of the file. */
export function readDeskFile(path: string): DeskFile {
  const content = readBytes(path).toString('utf8');
  const read = readDesk(content);
  if ('desk' in read) return { name: basename(path), content, desk: read.desk };
  const lines = read.problems.map((problem) => `  ${problem.path}  ${problem.message}`);
  throw new Refused(`${path} has ${lines.length} problem${lines.length === 1 ? '' : 's'}; nothing has changed\n${lines.join('\n')}`);
}
