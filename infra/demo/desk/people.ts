// Who is there: customers out of the seed, and which agent of a group is on shift when.
import type { JsonObject } from '../../../schemas/contract.ts';
import type { Agent, Desk, Group } from './cast.ts';
import { tongues, type Language } from './phrases.ts';
import type { Random } from '../random.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface Customer {
  readonly language: Language;
  readonly fields: JsonObject & { readonly telegram_user_id: number; readonly username?: string };
  readonly channel: JsonObject;
}

export function customerFrom(desk: Desk, random: Random): Customer {
  const shares = Object.entries(desk.languages) as [Language, number][];
  const language = shares[random.weighted(shares.map(([, share]) => share))]?.[0] ?? 'en';
  const tongue = tongues[language];
  // Telegram promises at most 52 significant bits; a few customers use them.
  const userId = random.chance(0.02) ? 2 ** 51 + random.int(0, 2 ** 31) : random.int(100_000_000, 7_900_000_000);
  const kinds = ['topic_group', 'direct_message', 'bot_form'] as const;
  const kind = kinds[random.weighted(kinds.map((name) => desk.channels[name]))] ?? 'direct_message';
  return {
    language,
    fields: {
      telegram_user_id: userId,
      ...(random.chance(0.7) ? { username: `user_${userId % 1_000_003}` } : {}),
      first_name: random.pick(tongue.firstNames),
      ...(random.chance(0.75) ? { last_name: random.pick(tongue.lastNames) } : {}),
      ...(random.chance(0.9) ? { language_code: language === 'pt' ? 'pt-br' : language } : {}),
      ...(random.chance(0.2) ? { contact_phone: `+49151${random.int(1_000_000, 9_999_999)}` } : {}),
      ...(random.chance(0.3) ? { email: `c${userId % 99_991}@example.org` } : {}),
    },
    channel: kind === 'topic_group'
      ? { type: kind, chat_id: -1_001_900_000_000 - desk.weight, topic_id: random.int(2, 90_000) }
      : { type: kind, chat_id: userId },
  };
}

export const groupOf = (desk: Desk, id: string | null): Group | null => desk.groups.find((group) => group.id === id) ?? null;

/** The earliest moment from `at` on at which the agent is on shift. */
export function onShiftFrom(desk: Desk, agent: Agent, at: number): number {
  const local = at + desk.utcOffsetHours * HOUR;
  const midnight = Math.floor(local / DAY) * DAY;
  // From yesterday on: a night shift runs into the next day.
  for (let day = midnight - DAY; ; day += DAY) {
    if (!agent.shift.weekdays.includes(new Date(day).getUTCDay())) continue;
    const from = day + agent.shift.fromHour * HOUR;
    if (local < from + agent.shift.hours * HOUR) return Math.max(at, from - desk.utcOffsetHours * HOUR);
  }
}

/** Who of the group works next: anyone on shift now, else whoever comes first; `only` asks about one agent. */
export function nextOnShift(desk: Desk, group: Group, at: number, random: Random, only?: Agent): { agent: Agent; at: number } {
  const candidates = only === undefined ? desk.agents.filter((agent) => agent.groups.includes(group.id)) : [only];
  const free = candidates.map((agent) => ({ agent, at: onShiftFrom(desk, agent, at) }));
  const earliest = Math.min(...free.map((candidate) => candidate.at));
  return random.pick(free.filter((candidate) => candidate.at === earliest));
}
