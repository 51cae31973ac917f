// A copy of the code in which a test may scaffold, edit and run what must not appear in the one under test.
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

const copied = ['infra', 'schemas', 'services', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'];

export async function copyOfTheCode(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'ticketstream-copy-'));
  for (const part of copied) await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Node's arguments for running a unit test of the copy, in the copy's folder. */
export const unitTest = (file: string): string[] => ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', file];
