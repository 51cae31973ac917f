// When a timer is due: its target counted down in the calendar through the stretches of a ticket's state, pauses left out.
import type { BusinessClock } from '../desk/business-clock.ts';
import type { Status } from '../desk/status.ts';
import type { Stretch } from './timers.ts';

export interface Countdown {
  /** null while paused. */
  readonly dueAt: number | null;
  /** What is left of the target while paused, else null. */
  readonly remainingMs: number | null;
}

export interface CountedThrough {
  readonly clock: BusinessClock;
  readonly targetMs: number;
  readonly stretches: readonly Pick<Stretch, 'from' | 'to' | 'status'>[];
  /** Which stretch is the timer's last: it goes on until the target is used up. */
  readonly last: number;
  readonly isPaused: (status: Status) => boolean;
  /** The solve that ended it, null when another end or none has come. */
  readonly solvedAt: number | null;
}

export function countDown({ clock, targetMs, stretches, last, isPaused, solvedAt }: CountedThrough): Countdown {
  const dueFrom = (instant: number, left: number): Countdown => ({ dueAt: clock.reach(instant, left), remainingMs: null });
  let left = targetMs;
  for (const { from, to, status } of stretches.slice(0, last)) {
    if (isPaused(status)) continue;
    const open = clock.between(from, to);
    if (open > left || (open === left && isUsedUpBefore(to, clock))) return dueFrom(from, left);
    left -= open;
  }
  const final = stretches[last];
  if (final === undefined) return { dueAt: null, remainingMs: left };
  if (!isPaused(final.status)) return dueFrom(final.from, left);
  // Solved out of a pause: as if the pause ended with the solve. Discarded out of one, it stays as it stood.
  if (solvedAt !== null) return dueFrom(solvedAt, left);
  // Cancelled in the very instant in which a pause ends, it is taken as after that instant.
  const next = stretches[last + 1];
  return next === undefined || isPaused(next.status) ? { dueAt: null, remainingMs: left } : dueFrom(next.from, left);
}

/**
 * Used up just at a stretch's end, it is the next one's matter, for the state after an instant rules at that instant: a
 * pause that begins then stops the timer with 0 left. Not so where the calendar had closed before that end.
 */
const isUsedUpBefore = (end: number, clock: BusinessClock): boolean => clock.isClosedBefore(end);
