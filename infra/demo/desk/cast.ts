// The desks of the demo: integrations with their groups, people, shifts, languages and habits.
// Each speaks another version of the contract, as real tenants do that upgrade at their own pace.
import type { Language } from './phrases.ts';

export interface Shift {
  /** Local hour at which it starts. */
  readonly fromHour: number;
  readonly hours: number;
  /** Local weekdays on which it starts, 0 = Sunday. */
  readonly weekdays: readonly number[];
}

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly shift: Shift;
  /** Above 1 is slower than the others. */
  readonly pace: number;
}

export interface Group {
  readonly id: string;
  readonly name: string;
  /** Share of the tickets that are routed here first. */
  readonly weight: number;
  /** Where tickets go that this group hands on. */
  readonly handsOnTo: string | null;
  /** Half of the answers take less than this, in minutes, while somebody is on shift. */
  readonly answerMinutes: number;
}

export interface Desk {
  readonly integrationId: string;
  readonly platform: string;
  readonly version: '1.0' | '1.1' | '1.2';
  readonly weight: number;
  readonly utcOffsetHours: number;
  readonly languages: Readonly<Partial<Record<Language, number>>>;
  readonly channels: { readonly topic_group: number; readonly direct_message: number; readonly bot_form: number };
  /** Arrivals by local hour and by local weekday (0 = Sunday), in proportion. */
  readonly byHour: readonly number[];
  readonly byWeekday: readonly number[];
  readonly groups: readonly Group[];
  readonly agents: readonly Agent[];
  /** Numbers in a row, or TKT- and eight hexadecimal digits. */
  readonly ticketIds: 'number' | 'hex';
  /** First-response and resolution thresholds of the CRM's own escalation policies, in seconds. */
  readonly escalateAfter: { readonly firstResponse: number; readonly resolution: number };
}

const workdays = [1, 2, 3, 4, 5];
const everyDay = [0, 1, 2, 3, 4, 5, 6];
const early: Shift = { fromHour: 8, hours: 8, weekdays: workdays };
const late: Shift = { fromHour: 12, hours: 8, weekdays: workdays };
const weekend: Shift = { fromHour: 10, hours: 8, weekdays: [6, 0] };
const morning: Shift = { fromHour: 6, hours: 8, weekdays: everyDay };
const evening: Shift = { fromHour: 14, hours: 8, weekdays: everyDay };
const night: Shift = { fromHour: 22, hours: 8, weekdays: everyDay };

const officeHours = [1, 1, 1, 1, 1, 2, 4, 9, 18, 24, 26, 24, 20, 21, 22, 21, 19, 17, 16, 17, 15, 9, 4, 2];
const roundTheClock = [6, 4, 3, 3, 4, 6, 9, 12, 15, 17, 18, 18, 17, 16, 16, 17, 18, 19, 20, 21, 20, 17, 13, 9];
const playTime = [10, 6, 4, 3, 2, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 17, 20, 24, 27, 28, 26, 21, 15];

type AgentRow = readonly [id: string, name: string, groups: readonly string[], shift: Shift, pace: number];
const agents = (rows: readonly AgentRow[]): Agent[] =>
  rows.map(([id, name, groups, shift, pace]) => ({
    id, name, groups, shift, pace, username: `${name.toLowerCase().replaceAll(/[^a-z]+/g, '_')}_support`,
  }));

const parcels: Desk = {
  integrationId: 'parcelhaus', platform: 'telegram-crm', version: '1.2', weight: 45, utcOffsetHours: 1,
  languages: { de: 60, en: 20, tr: 14, ar: 6 },
  channels: { topic_group: 45, direct_message: 30, bot_form: 25 },
  byHour: officeHours, byWeekday: [5, 20, 18, 17, 16, 15, 8],
  groups: [
    { id: 'logistics', name: 'Logistics', weight: 55, handsOnTo: 'returns', answerMinutes: 14 },
    { id: 'returns', name: 'Returns', weight: 27, handsOnTo: 'billing', answerMinutes: 25 },
    { id: 'billing', name: 'Billing', weight: 18, handsOnTo: 'logistics', answerMinutes: 45 },
    { id: 'leads', name: 'Team leads', weight: 0, handsOnTo: null, answerMinutes: 12 },
  ],
  agents: agents([
    ['agent-1', 'Lea Vogel', ['logistics', 'returns'], early, 0.8], ['agent-2', 'Jonas Weber', ['logistics'], early, 1.1],
    ['agent-3', 'Aylin Demir', ['logistics', 'billing'], late, 0.9], ['agent-4', 'Paul Neumann', ['returns'], early, 1.4],
    ['agent-5', 'Mia Schulz', ['returns', 'billing'], late, 1], ['agent-6', 'Felix Braun', ['billing'], early, 1.2],
    ['agent-7', 'Sara Lindner', ['logistics', 'returns', 'billing'], weekend, 1.3], ['agent-8', 'Tom Krause', ['leads'], early, 0.7],
  ]),
  ticketIds: 'hex', escalateAfter: { firstResponse: 14_400, resolution: 259_200 },
};

const bank: Desk = {
  integrationId: 'falcon-bank', platform: 'telegram-crm', version: '1.1', weight: 33, utcOffsetHours: 4,
  languages: { ar: 50, en: 38, ru: 12 },
  channels: { topic_group: 10, direct_message: 70, bot_form: 20 },
  byHour: roundTheClock, byWeekday: [16, 16, 15, 15, 14, 10, 14],
  groups: [
    { id: '100', name: 'Cards', weight: 50, handsOnTo: '300', answerMinutes: 6 },
    { id: '200', name: 'Onboarding', weight: 32, handsOnTo: '100', answerMinutes: 12 },
    { id: '300', name: 'Fraud', weight: 18, handsOnTo: '900', answerMinutes: 4 },
    { id: '900', name: 'Duty managers', weight: 0, handsOnTo: null, answerMinutes: 8 },
  ],
  agents: agents([
    ['11', 'Omar Haddad', ['100', '200'], morning, 0.9], ['12', 'Layla Nasser', ['100'], evening, 0.8],
    ['13', 'Yusuf Rahman', ['100', '200', '300'], night, 1.3], ['14', 'Daria Volkova', ['200'], morning, 1],
    ['15', 'Ahmed Saleh', ['200', '100'], evening, 1.2], ['16', 'Hana Mansour', ['300'], morning, 0.9],
    ['17', 'Rashid Khan', ['300'], evening, 1.1], ['18', 'Nadia Aziz', ['900'], morning, 0.8],
  ]),
  ticketIds: 'hex', escalateAfter: { firstResponse: 1_800, resolution: 172_800 },
};

const studio: Desk = {
  integrationId: 'pixel-forge', platform: 'telegram-crm', version: '1.0', weight: 14, utcOffsetHours: 3,
  languages: { ru: 45, en: 25, pt: 18, ja: 12 },
  channels: { topic_group: 60, direct_message: 35, bot_form: 5 },
  byHour: playTime, byWeekday: [19, 12, 12, 12, 13, 15, 18],
  groups: [
    { id: '1', name: 'Players', weight: 70, handsOnTo: '2', answerMinutes: 55 },
    { id: '2', name: 'Payments', weight: 30, handsOnTo: '1', answerMinutes: 80 },
  ],
  agents: agents([
    ['21', 'Ilya Sokolov', ['1'], late, 1.1], ['22', 'Bruna Costa', ['1', '2'], late, 0.9],
    ['23', 'Kenji Mori', ['2', '1'], early, 1.2], ['24', 'Vera Orlova', ['1'], weekend, 1],
  ]),
  ticketIds: 'number', escalateAfter: { firstResponse: 28_800, resolution: 345_600 },
};

const school: Desk = {
  integrationId: 'lingua-school', platform: 'telegram-crm', version: '1.2', weight: 8, utcOffsetHours: 0,
  languages: { en: 40, pt: 40, de: 20 },
  channels: { topic_group: 20, direct_message: 20, bot_form: 60 },
  byHour: officeHours, byWeekday: [9, 18, 17, 17, 16, 14, 9],
  groups: [{ id: 'frontdesk', name: 'Front desk', weight: 100, handsOnTo: 'teachers', answerMinutes: 35 },
    { id: 'teachers', name: 'Teachers', weight: 0, handsOnTo: 'frontdesk', answerMinutes: 180 }],
  agents: agents([
    ['ines', 'Ines Duarte', ['frontdesk'], early, 1], ['rui', 'Rui Matos', ['frontdesk', 'teachers'], late, 1.1],
    ['carla', 'Carla Pinto', ['teachers'], late, 1.5],
  ]),
  ticketIds: 'hex', escalateAfter: { firstResponse: 57_600, resolution: 432_000 },
};

export const desks: readonly Desk[] = [parcels, bank, studio, school];
