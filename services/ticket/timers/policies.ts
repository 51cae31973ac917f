// SLA policies: which promise applies to a ticket, and what pauses it.
import type { Creation } from '../event.ts';
import { statusKey, type Status } from '../desk/status.ts';

export type Metric = 'first_response' | 'next_response' | 'resolution';

/** One version of a policy. Lists say what matches; an empty one matches everything. */
export interface Policy {
  readonly policyId: string;
  readonly version: number;
  /** In force from, included, to, not included. */
  readonly inForceFrom: number;
  readonly inForceTo: number;
  readonly queueIds: readonly string[];
  readonly channelTypes: readonly string[];
  readonly languageCodes: readonly string[];
  /** Members that the metadata must have, as text. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds of the calendar; a metric without target promises nothing. */
  readonly targetSeconds: Readonly<Partial<Record<Metric, number>>>;
  /** '' is 24×7. */
  readonly calendarId: string;
  /** Categories or statuses, in any spelling. */
  readonly pauseStatuses: readonly string[];
}

/** In any spelling a category's name means the category; the one that is not its own key is on_hold. */
export const pauseNames = (statuses: readonly string[]): ReadonlySet<string> =>
  new Set(statuses.map((status) => (statusKey(status) === 'on hold' ? 'on_hold' : statusKey(status))));

/** A category in the list pauses with all of its statuses. */
export const pauses = (names: ReadonlySet<string>, { category, key }: Status): boolean => names.has(category) || names.has(key);

const allows = (listed: readonly string[], value: string): boolean => listed.length === 0 || listed.includes(value);

type Json = Readonly<Record<string, unknown>>;

function parsed(metadata: string): Json {
  if (metadata === '') return {};
  try {
    const value: unknown = JSON.parse(metadata);
    return typeof value === 'object' && value !== null ? value as Json : {};
  } catch {
    return {};
  }
}

function asText(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function hasMembers(metadata: string, members: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(members);
  if (wanted.length === 0) return true;
  const present = parsed(metadata);
  return wanted.every(([name, text]) => Object.hasOwn(present, name) && asText(present[name]) === text);
}

/** By what never changes on a ticket: its channel, language and metadata, all '' while it is provisional. */
export const matchesCreation = (policy: Policy, creation: Creation | null): boolean =>
  allows(policy.channelTypes, creation?.channelType ?? '')
  && allows(policy.languageCodes, creation?.customerLanguageCode ?? '')
  && hasMembers(creation?.metadata ?? '', policy.metadata);

export const matchesQueue = (policy: Policy, queueId: string): boolean => allows(policy.queueIds, queueId);

/** It has a target for the metric and its version is the one in force at the timer's original start. */
export const promises = (policy: Policy, metric: Metric, startedAt: number): boolean =>
  policy.targetSeconds[metric] !== undefined && policy.inForceFrom <= startedAt && startedAt < policy.inForceTo;
