// The desk file's types, in the spelling of the file and of the tables alike. What each member
// means is told in desk.schema.json.
import type { Category } from '../../services/ticket/desk/status.ts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export interface Window {
  readonly days: readonly (typeof weekdays)[number][];
  readonly from: string;
  readonly to: string;
  readonly overnight?: boolean;
}
/** A part of one date, in wall times of the calendar's zone. */
export interface Closure {
  readonly date: string;
  readonly from: string;
  /** Left out, it lasts to the end of the date. */
  readonly to?: string;
}
export interface Version {
  readonly version: number;
  /** Left out, it was always in force. */
  readonly from?: string;
}
export interface CalendarVersion extends Version {
  readonly zone: string;
  readonly windows: readonly Window[];
  readonly holidays?: readonly string[];
  readonly closures?: readonly Closure[];
}
export interface Calendar {
  readonly calendar_id: string;
  readonly versions: readonly CalendarVersion[];
}
export interface PolicyVersion extends Version {
  readonly match?: {
    readonly queue_ids?: readonly string[];
    readonly channel_types?: readonly string[];
    readonly language_codes?: readonly string[];
    readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  };
  readonly first_response_seconds?: number;
  readonly next_response_seconds?: number;
  readonly resolution_seconds?: number;
  readonly calendar_id?: string;
  readonly pause_statuses?: readonly string[];
}
export interface Policy {
  readonly policy_id: string;
  readonly versions: readonly PolicyVersion[];
}
export interface Shift {
  readonly from: string;
  readonly to: string;
  readonly calendar_id?: string;
}
export interface Agent {
  readonly name?: string;
  readonly shifts?: readonly Shift[];
}
export interface Defaults {
  readonly calendar_id?: string;
  readonly status_map?: Readonly<Record<string, Category>>;
  readonly policies?: readonly Policy[];
}
export interface Integration extends Defaults {
  readonly queues?: Readonly<Record<string, string>>;
  readonly agents?: Readonly<Record<string, Agent>>;
}
export interface Desk {
  readonly calendars?: readonly Calendar[];
  readonly defaults?: Defaults;
  readonly integrations?: Readonly<Record<string, Integration>>;
}

export interface Problem {
  /** JSON Pointer into the file. */
  readonly path: string;
  readonly message: string;
}
