// What the address of a page may say, as typed parameters of queries. The same names everywhere: a link that somebody sends is
// the whole question. A value that can't be meant is refused with its name, never guessed.
import { Temporal } from 'temporal-polyfill';
import { instantText } from '../runtime/clickhouse.ts';
import type { NamedQuery, Value, Values } from './catalogue.ts';

export class BadParameter extends Error {
  readonly parameter: string;

  constructor(parameter: string, message: string) {
    super(message);
    this.name = 'BadParameter';
    this.parameter = parameter;
  }
}

interface Parameter {
  readonly type: string;
  /** In the address; `queue` may stand there several times. */
  readonly from: string;
  /** @throws Error that says what it must be. */
  readonly parse: (given: readonly string[], zone: string) => Value;
}

const LONGEST = 500;
const MOST = 200;

function one(given: readonly string[]): string {
  const [value, ...others] = given;
  if (value === undefined) throw new Error('is required');
  if (others.length > 0) throw new Error('may stand there once');
  if (value.length > LONGEST) throw new Error(`is longer than ${LONGEST} characters`);
  return value;
}

const oneOf = (...allowed: readonly [string, ...string[]]) => (given: readonly string[]): string => {
  const value = given.length === 0 ? allowed[0] : one(given);
  if (!allowed.includes(value)) throw new Error(`must be one of ${allowed.join(', ')}`);
  return value;
};

/** Any of them; of none all. */
function several(given: readonly string[]): readonly string[] {
  if (given.length > MOST || given.some((value) => value.length > LONGEST)) throw new Error(`takes ${MOST} values of ${LONGEST} characters at most`);
  return given;
}

const number = (min: number, max: number, usual: number) => (given: readonly string[]): number => {
  const value = given.length === 0 ? usual : Number(one(given));
  if (!Number.isFinite(value) || value < min || value > max) throw new Error(`must be a number from ${min} to ${max}`);
  return value;
};

function zoneOf(given: readonly string[]): string {
  const zone = given.length === 0 ? 'UTC' : one(given);
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    throw new Error('must be an IANA zone, e.g. Europe/Berlin');
  }
}

/** Midnight that begins the local day, `days` after it. */
const midnight = (days: number) => (given: readonly string[], zone: string): string => {
  const day = one(given);
  try {
    return instantText(Temporal.PlainDate.from(day, { overflow: 'reject' }).add({ days }).toZonedDateTime(zone).epochMilliseconds);
  } catch {
    throw new Error('must be a day, e.g. 2026-03-02');
  }
};

function instant(given: readonly string[]): string {
  const text = one(given);
  const ms = Date.parse(text);
  if (!/[zZ]$|[+-]\d\d:\d\d$/.test(text) || Number.isNaN(ms)) throw new Error('must be an instant with its offset, e.g. 2026-03-12T09:00:00Z');
  return instantText(ms);
}

const DAY_SECONDS = 86_400;

export const parameters: Readonly<Record<string, Parameter>> = {
  integration: { type: 'String', from: 'tenant', parse: one },
  from: { type: "DateTime64(3, 'UTC')", from: 'from', parse: midnight(0) },
  // The last day of a range belongs to it.
  to: { type: "DateTime64(3, 'UTC')", from: 'to', parse: midnight(1) },
  zone: { type: 'String', from: 'zone', parse: zoneOf },
  clock: { type: 'String', from: 'clock', parse: oneOf('elapsed', 'business') },
  at: { type: "DateTime64(3, 'UTC')", from: 'at', parse: instant },
  queues: { type: 'Array(String)', from: 'queue', parse: several },
  channels: { type: 'Array(String)', from: 'channel', parse: several },
  languages: { type: 'Array(String)', from: 'language', parse: several },
  agents: { type: 'Array(String)', from: 'agent', parse: several },
  categories: { type: 'Array(String)', from: 'category', parse: several },
  ages: { type: 'Array(String)', from: 'age', parse: several },
  metrics: { type: 'Array(String)', from: 'metric', parse: several },
  outcomes: { type: 'Array(String)', from: 'outcome', parse: several },
  findings: { type: 'Array(String)', from: 'finding', parse: several },
  reasons: { type: 'Array(String)', from: 'reason', parse: several },
  weeks: { type: 'Array(String)', from: 'week', parse: several },
  days: { type: 'Array(String)', from: 'day', parse: several },
  weekdays: { type: 'Array(String)', from: 'weekday', parse: several },
  hours: { type: 'Array(String)', from: 'hour', parse: several },
  from_agents: { type: 'Array(String)', from: 'from_agent', parse: several },
  which: { type: 'String', from: 'which', parse: oneOf('all', 'waiting', 'unassigned', 'at_risk', 'breached', 'assigned', 'held', 'answered', 'reopened', 'judged', 'bounced', 'back_to_agent', 'back_to_queue') },
  step: { type: 'String', from: 'step', parse: oneOf('day', 'hour') },
  ticket: { type: 'String', from: 'ticket', parse: one },
  search: { type: 'String', from: 'search', parse: (given) => (given.length === 0 ? '' : one(given)) },
  risk_seconds: { type: 'Int64', from: 'risk', parse: number(0, 30 * DAY_SECONDS, 3_600) },
  handle_seconds: { type: 'Float64', from: 'handle', parse: number(1, DAY_SECONDS, 600) },
  within_seconds: { type: 'Float64', from: 'within', parse: number(1, DAY_SECONDS, 60) },
  target_share: { type: 'Float64', from: 'target', parse: number(0.01, 0.99, 0.8) },
  limit: { type: 'UInt32', from: 'limit', parse: number(1, 1_000_000, 200) },
};

/** What a snapshot may be called. Null when the live desk is meant. @throws BadParameter */
export function snapshotOf(address: URLSearchParams): string | null {
  const given = address.getAll('snapshot');
  if (given.length === 0) return null;
  const [name = ''] = given;
  if (given.length > 1 || !/^[a-z][a-z0-9_]{0,39}$/.test(name)) throw new BadParameter('snapshot', 'snapshot must be the name of one');
  return name;
}

/** @throws BadParameter */
export function valuesOf(query: NamedQuery, address: URLSearchParams): Values {
  const read = (name: string, zone: string): Value => {
    const parameter = parameters[name];
    if (parameter === undefined) throw new BadParameter(name, `${query.name} has a parameter that no address can say`);
    try {
      return parameter.parse(address.getAll(parameter.from), zone);
    } catch (error) {
      throw new BadParameter(parameter.from, `${parameter.from} ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const zone = String(read('zone', 'UTC'));
  return Object.fromEntries([...query.parameters.keys()].map((name) => [name, read(name, zone)]));
}
