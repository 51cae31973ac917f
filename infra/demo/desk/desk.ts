// Seed → desk: every event of every integration, in time order, the same bytes for the same
// options. Tickets are told one by one as they open and merged on the way, so that a desk of
// millions of events needs the memory of its open tickets only.
import { desks, type Desk } from './cast.ts';
import { compareEvents, type CrmEvent } from '../events.ts';
import { customerFrom } from './people.ts';
import { randomFrom, type Random } from '../random.ts';
import { ticketLife } from './ticket-life.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** The desk ends at a fixed moment, so that a seed means the same data whenever it runs. */
export const deskEndsAt = Date.UTC(2026, 2, 16);

export interface DeskOptions {
  readonly seed: number;
  readonly tickets: number;
  readonly days: number;
}

interface Opening { readonly at: number; readonly desk: Desk; readonly number: number }

/** Opening times that follow the desk's hours and weekdays. */
function openingTimes(desk: Desk, count: number, days: number, random: Random): number[] {
  const start = deskEndsAt - days * DAY;
  const hours = Array.from({ length: days * 24 }, (_, hour) => {
    const local = new Date(start + hour * HOUR + desk.utcOffsetHours * HOUR);
    return (desk.byHour[local.getUTCHours()] ?? 1) * (desk.byWeekday[local.getUTCDay()] ?? 1);
  });
  let total = 0;
  const sums = hours.map((weight) => (total += weight));
  const times = Array.from({ length: count }, () => {
    const point = random.next() * total;
    return start + firstAbove(sums, point) * HOUR + random.int(0, HOUR - 1);
  });
  return times.sort((a, b) => a - b);
}

/** Index of the first sum above `point`, by halving: a desk may have a million openings. */
function firstAbove(sums: readonly number[], point: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > point) high = middle;
    else low = middle + 1;
  }
  return low;
}

function openings(options: DeskOptions): Opening[] {
  const total = desks.reduce((sum, desk) => sum + desk.weight, 0);
  let given = 0;
  return desks
    .flatMap((desk, index) => {
      const share = index === desks.length - 1 ? options.tickets - given : Math.round((options.tickets * desk.weight) / total);
      given += share;
      const random = randomFrom(`${options.seed}/${desk.integrationId}/openings`);
      return openingTimes(desk, share, options.days, random).map((at, number) => ({ at, desk, number }));
    })
    .sort((a, b) => a.at - b.at || a.desk.integrationId.localeCompare(b.desk.integrationId, 'en') || a.number - b.number);
}

/** Ids of two integrations may be equal: the first tickets of all desks with hexadecimal ids are. */
function ticketIdOf({ desk, number }: Opening, seed: number): string {
  if (desk.ticketIds === 'number') return String(500_001 + number);
  const random = randomFrom(`${seed}/${number === 0 ? 'shared' : desk.integrationId}/id/${number}`);
  return `TKT-${random.uuid().slice(0, 3)}${number.toString(16).padStart(5, '0')}`.toUpperCase();
}

function tell(opening: Opening, options: DeskOptions): CrmEvent[] {
  const { desk, number, at } = opening;
  const random = randomFrom(`${options.seed}/${desk.integrationId}/ticket/${number}`);
  // Customers come back: there are fewer of them than tickets.
  const customer = customerFrom(desk, randomFrom(`${options.seed}/${desk.integrationId}/customer/${random.int(0, Math.ceil(options.tickets * 0.4))}`));
  return ticketLife(desk, ticketIdOf(opening, options.seed), customer, at, random).filter((event) => event.at < deskEndsAt);
}

/** All events in time order; the next one is told only when it is asked for. */
export function* deskEvents(options: DeskOptions): Generator<CrmEvent, void, undefined> {
  let waiting: CrmEvent[] = [];
  let chunkEnd = -Infinity;
  for (const opening of openings(options)) {
    if (opening.at >= chunkEnd) {
      // Nothing that opens later can precede this moment: everything older may go.
      yield* waiting.filter((event) => event.at < opening.at).sort(compareEvents);
      waiting = waiting.filter((event) => event.at >= opening.at);
      chunkEnd = opening.at + HOUR;
    }
    for (const event of tell(opening, options)) waiting.push(event);
  }
  yield* waiting.sort(compareEvents);
}

export const deskIntegrations: readonly string[] = desks.map((desk) => desk.integrationId);
