// In which order the CRM's webhooks leave: mostly as things happened, some again, some late.
// Pure and seeded, like the desk: the same seed sends the same sequence.
import type { CrmEvent } from './events.ts';
import { randomFrom } from './random.ts';

export interface Delivery {
  readonly event: CrmEvent;
  readonly kind: 'in order' | 'late' | 'duplicate';
}

export interface Habits {
  readonly seed: number;
  /** Share of events that are sent a second time, exactly as they were. */
  readonly duplicates: number;
  /** Share of events that are held back while later ones of the same ticket go first. */
  readonly late: number;
}

/** What a recorded log needs: each event once, in its order. */
export const punctual: Habits = { seed: 0, duplicates: 0, late: 0 };

/** Lateness is counted in deliveries, not seconds, so that it doesn't depend on how fast the machine sends. */
const MAX_LATENESS = 1_500;

export function* deliveries(events: Iterable<CrmEvent>, habits: Habits): Generator<Delivery, void, undefined> {
  const random = randomFrom(`${habits.seed}/deliveries`);
  const heldBack = new Map<number, Delivery[]>();
  const holdUntil = (turn: number, delivery: Delivery): void => {
    heldBack.set(turn, [...(heldBack.get(turn) ?? []), delivery]);
  };
  let turn = 0;
  for (const event of events) {
    // Half of the stragglers are overtaken by a few others only, half by many.
    const lateness = (): number => random.int(1, random.chance(0.5) ? 40 : MAX_LATENESS);
    if (random.chance(habits.late)) holdUntil(turn + lateness(), { event, kind: 'late' });
    else {
      yield { event, kind: 'in order' };
      if (random.chance(habits.duplicates)) holdUntil(turn + lateness(), { event, kind: 'duplicate' });
    }
    yield* heldBack.get(turn) ?? [];
    heldBack.delete(turn);
    turn++;
  }
  for (const due of [...heldBack.keys()].sort((a, b) => a - b)) yield* heldBack.get(due) ?? [];
}
