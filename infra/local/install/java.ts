// Finds a Java that can run the stack's parts: JAVA_HOME, then PATH. The schema registry is compiled
// for 21 (class file 65), so an older one is as good as none.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const oldestJava = 21;

type Environment = Readonly<Record<string, string | undefined>>;

const run = promisify(execFile);

/** The feature version in the output of `java -version`: 21, 17, 8. */
export function parseJavaVersion(output: string): number | undefined {
  const found = /version "(?:1\.)?(\d+)/.exec(output);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}

async function javaVersion(command: string, env: Environment): Promise<number | undefined> {
  // `java -version` prints to stderr; on macOS without a Java, the stub prints help and exits 1.
  const output = await run(command, ['-version'], { env }).catch(() => undefined);
  return output === undefined ? undefined : parseJavaVersion(output.stderr + output.stdout);
}

/** A command that runs Java ≥ 21, or undefined. */
export async function findJava(env: Environment): Promise<string | undefined> {
  const candidates = env['JAVA_HOME'] === undefined ? ['java'] : [join(env['JAVA_HOME'], 'bin', 'java'), 'java'];
  for (const candidate of candidates) {
    const version = await javaVersion(candidate, env);
    if (version !== undefined && version >= oldestJava) return candidate;
  }
  return undefined;
}
