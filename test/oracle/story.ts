// A small ticket told in a few lines, for tests with hand-computed numbers.
// Times are 'HH:MM', 'HH:MM:SS' or 'HH:MM:SS.mmm' of day 1 (Monday 2026-03-23, UTC), or
// 'N HH:MM' of day N.
import type { Actor, CrmEvent, EventBase, Row } from './events.ts';
import type { OracleConfig } from './config.ts';
import { runOracle, type OracleViews } from './oracle.ts';

const dayOne = Date.UTC(2026, 2, 23);

export function time(text: string): number {
  const match = /^(?:(-?\d+) )?(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{3}))?)?$/.exec(text);
  if (!match) throw new Error(`not a time: ${text}`);
  const [days, hours, minutes, secs, ms] = match.slice(1).map((part: string | undefined) => Number(part ?? 0));
  const day = match[1] === undefined ? 0 : (days ?? 1) - 1;
  return dayOne + (((day * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (secs ?? 0)) * 1000 + (ms ?? 0);
}

export interface CreatedOptions {
  status?: string;
  /** Message id of the initial message; null for a ticket without one. */
  initial?: string | null;
  customer?: number;
  channel?: string;
  language?: string;
  metadata?: string;
}

export interface MessageOptions {
  id?: string;
  automated?: boolean;
  private?: boolean;
}

export interface EventOptions {
  event_id?: string;
  received_at?: number;
  environment?: string;
  body_time?: number;
}

const rule = 'rule';

function actor(by: string): Actor {
  if (by === rule) return { type: 'automation_rule', id: 'r1', name: null };
  return { type: 'agent', id: by === '' ? null : by, name: null };
}

export class Story {
  readonly events: CrmEvent[] = [];
  readonly #ticket: string;
  readonly #integration: string;

  constructor(ticket = 'T1', integration = 'crm') {
    this.#ticket = ticket;
    this.#integration = integration;
  }

  #base(at: string, options: EventOptions): EventBase {
    const n = this.events.length + 1;
    return {
      event_id: options.event_id ?? `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
      ticket_id: this.#ticket,
      source: { platform: 'crm', integration_id: this.#integration, environment: options.environment ?? 'production' },
      timestamp: time(at),
      version: '1.2',
      extra: {},
      kafka_offset: n,
      received_at: options.received_at ?? time(at),
    };
  }

  created(at: string, body: CreatedOptions = {}, options: EventOptions = {}): this {
    const initial = body.initial === undefined ? 'initial' : body.initial;
    this.events.push({
      ...this.#base(at, options),
      event_type: 'ticket.created',
      customer: {
        telegram_user_id: body.customer ?? 7, username: null, first_name: 'Ada', last_name: null,
        language_code: body.language ?? null, contact_phone: null, email: null,
      },
      channel: { type: body.channel ?? 'direct_message', chat_id: '1', topic_id: null },
      initial_message: { message_id: initial, text: null, content_type: initial === null ? null : 'text', files: [] },
      status: body.status ?? null,
      metadata: body.metadata ?? null,
      created_at: options.body_time ?? time(at),
    });
    return this;
  }

  message(at: string, sender: { type: string; agent_id: string | null }, body: MessageOptions = {}, options: EventOptions = {}): this {
    this.events.push({
      ...this.#base(at, options),
      event_type: 'message.received',
      message_id: body.id ?? `m${this.events.length + 1}`,
      sender: { ...sender, telegram_user_id: null, username: null },
      content: { text: 'text', content_type: 'text', files: [] },
      is_private: body.private ?? false,
      is_automated: body.automated ?? null,
      sent_at: options.body_time ?? time(at),
    });
    return this;
  }

  customer(at: string, body: MessageOptions = {}, options: EventOptions = {}): this {
    return this.message(at, { type: 'customer', agent_id: null }, body, options);
  }

  reply(at: string, agent: string, body: MessageOptions = {}, options: EventOptions = {}): this {
    return this.message(at, { type: 'agent', agent_id: agent === '' ? null : agent }, body, options);
  }

  note(at: string, agent: string): this {
    return this.reply(at, agent, { private: true });
  }

  /** `to` is 'agent', 'agent@queue', '@queue' or '' for nobody. */
  assign(at: string, to: string, by: string = rule, options: EventOptions = {}): this {
    const [agent = '', queue = ''] = to.split('@');
    this.events.push({
      ...this.#base(at, options),
      event_type: 'agent.assigned',
      assignee: { agent_id: agent || null, group_id: queue || null, name: null },
      previous_assignee: { agent_id: null, group_id: null, name: null },
      assigned_by: actor(by),
      routing_rule: null,
      assigned_at: options.body_time ?? time(at),
    });
    return this;
  }

  status(at: string, status: string, by = 'anna', body: { previous?: string } = {}, options: EventOptions = {}): this {
    this.events.push({
      ...this.#base(at, options),
      event_type: 'status.changed',
      previous_status: body.previous ?? null,
      new_status: status,
      changed_by: actor(by),
      changed_at: options.body_time ?? time(at),
    });
    return this;
  }

  escalated(at: string, breached_metric = 'first_response_time', options: EventOptions = {}): this {
    this.events.push({
      ...this.#base(at, options),
      event_type: 'escalation.fired',
      policy: { id: 'p1', name: null },
      breached_metric,
      threshold_seconds: 3600,
      elapsed_seconds: null,
      level: '2',
      escalated_to: { type: null, id: null },
      fired_at: options.body_time ?? time(at),
    });
    return this;
  }

  /** The views at an instant, by default the start of day 31. */
  run(config: Partial<OracleConfig> = {}): OracleViews {
    return runOracle([...this.events], { now: time('31 00:00'), ...config });
  }
}

export function story(ticket?: string, integration?: string): Story {
  return new Story(ticket, integration);
}

/** The views of several tickets at once. */
export function tell(stories: readonly Story[], config: Partial<OracleConfig> = {}): OracleViews {
  return runOracle(stories.flatMap((s) => s.events), { now: time('31 00:00'), ...config });
}

/** Only the named columns of rows, as lists, so that a test reads like a table. */
export function table(rows: readonly Row[], ...columns: string[]): unknown[][] {
  return rows.map((row) => columns.map((column) => {
    if (!(column in row)) throw new Error(`no column ${column}`);
    return row[column];
  }));
}
