// The ingress's own steps, run as a process of the ingress: this tool may not import them, and
// a replay must be what the door would do, not a copy of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RuntimeError } from '../../services/runtime/errors.ts';
import type { QuarantineItem } from '../../services/runtime/quarantine/quarantine.ts';
import { replayRequest, toLine, type ReplayAnswer } from '../../services/runtime/quarantine/replay.ts';
import { projectDir, runner } from '../local/settings.ts';

const mainFile = join(projectDir, 'services', 'ingress', 'replay', 'main.ts');

export interface Door {
  /** What the door would do with an item's bytes today. */
  readonly ask: (item: QuarantineItem) => Promise<ReplayAnswer>;
  readonly close: () => Promise<void>;
}

/**
 * Starts with the first question, so that poison of the log needs no integrations file.
 * @param fixedBy a module that corrects bodies, if any.
 */
export function openDoor(env: NodeJS.ProcessEnv, fixedBy: string | undefined): Door {
  let running: ReturnType<typeof startProcess> | null = null;
  return {
    ask: (item) => (running ??= startProcess(env, fixedBy)).ask(item),
    close: async () => running?.close(),
  };
}

function startProcess(env: NodeJS.ProcessEnv, fixedBy: string | undefined): Door {
  // The fix may be TypeScript, and is no part of what is bundled.
  const args = fixedBy === undefined ? [runner, mainFile] : ['--import', 'tsx', runner, mainFile, fixedBy];
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  // A child that ends early closes the pipe; what happened is told by the missing answer.
  child.stdin.on('error', () => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (item) => {
      child.stdin.write(toLine(replayRequest(item)));
      const answer = await answers.next();
      if (answer.done === true) {
        const [code] = (await ended) as [number | null];
        throw new RuntimeError(code === 2 ? 'CONFIG_INVALID' : 'REGISTRY_UNAVAILABLE', 'the ingress’s replay ended; its own message is above');
      }
      return JSON.parse(answer.value) as ReplayAnswer;
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
