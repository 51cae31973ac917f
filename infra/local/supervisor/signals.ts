// Ctrl-C, SIGTERM or a closed terminal stop everything in order; a second one at once.
import { RuntimeError } from '../../../services/runtime/errors.ts';
import { SetupError } from '../settings.ts';
import { Interrupted, StartFailure } from './supervised.ts';
import type { Supervisor } from './supervisor.ts';

/** One Ctrl-C under `npm run` arrives twice: from the terminal and, milliseconds later, from npm. */
const sameKeyPressMs = 1_000;

export function stopOnSignal(supervisor: Supervisor, beforeExit: () => void = () => undefined): void {
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (firstAt === undefined) {
      firstAt = Date.now();
      console.log(`\n${signal}: stopping; once more ends everything at once`);
      const end = (exitCode: number): void => {
        beforeExit();
        process.exit(exitCode);
      };
      supervisor.stop().then(() => end(0), () => end(1));
    } else if (Date.now() - firstAt > sameKeyPressMs) {
      supervisor.forceKill();
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

/** For the end of a command line's main: what a person can act on is told without a stack trace. */
export function endWithMessage(error: unknown): void {
  // The signal's handler ends the process, when everything has stopped.
  if (error instanceof Interrupted) return;
  if (error instanceof RuntimeError) {
    console.error(`${error.code}: ${error.message}`);
    process.exit(error.code === 'CONFIG_INVALID' ? 2 : 1);
  }
  if (!(error instanceof SetupError || error instanceof StartFailure)) throw error;
  console.error(error.message);
  process.exit(error instanceof SetupError ? error.exitCode : 1);
}
