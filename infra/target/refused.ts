// What a command refuses, and how it ends: what a person can act on is told without a stack trace.
import { CommanderError } from 'commander';
import { RuntimeError } from '../../services/runtime/errors.ts';

/** Wrong input, or not possible now. Nothing has changed, and everything about it has been said. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const WRONG_USAGE = 2;
const OUTAGE = 3;

/** Tells an error and gives the exit code for it. @throws what nobody foresaw. */
export function exitCodeOf(error: unknown): number {
  // Commander has told it; its codes are 0 for help and anything else for wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof RuntimeError) {
    console.error(`${error.code}: ${error.message}`);
    return error.retriable ? OUTAGE : WRONG_USAGE;
  }
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  return WRONG_USAGE;
}
