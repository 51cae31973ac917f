// PagerDuty's Events API v2, as far as alert events go: what it accepts, what it answers, and what becomes of an incident.
import { jsonOf, openVendor, type Answer, type Asked, type Vendor } from './vendor.ts';

export interface Incident {
  readonly dedupKey: string;
  readonly severity: string;
  readonly summary: string;
  readonly details: Readonly<Record<string, unknown>>;
  status: 'triggered' | 'acknowledged' | 'resolved';
  /** Everything that was sent for it, repetitions too. */
  readonly actions: string[];
}

export interface PagerDutyServer extends Vendor {
  /** In the order in which they were opened. */
  readonly incidents: Incident[];
}

interface Event {
  readonly routing_key?: unknown;
  readonly event_action?: unknown;
  readonly dedup_key?: unknown;
  readonly payload?: { readonly summary?: unknown; readonly source?: unknown; readonly severity?: unknown; readonly timestamp?: string; readonly custom_details?: unknown };
}

const isText = (value: unknown, longest = Infinity): value is string => typeof value === 'string' && value !== '' && value.length <= longest;

function errorsOf({ routing_key, event_action, dedup_key, payload }: Event): string[] {
  const errors: string[] = [];
  if (!isText(routing_key) || routing_key.length !== 32) errors.push("Length of 'routing_key' is incorrect (should be 32 characters)");
  if (!['trigger', 'acknowledge', 'resolve'].includes(String(event_action))) errors.push("'event_action' must be one of: trigger, acknowledge, resolve");
  if (dedup_key !== undefined && !isText(dedup_key, 255)) errors.push("'dedup_key' is too long");
  if (event_action !== 'trigger' && dedup_key === undefined) errors.push("'dedup_key' is missing or blank");
  if (event_action === 'trigger') {
    if (!isText(payload?.summary, 1_024)) errors.push("'payload.summary' is missing, blank or too long");
    if (!isText(payload?.source)) errors.push("'payload.source' is missing or blank");
    if (!['critical', 'error', 'warning', 'info'].includes(String(payload?.severity))) errors.push("'payload.severity' is invalid");
    if (payload?.timestamp !== undefined && Number.isNaN(Date.parse(payload.timestamp))) errors.push("'payload.timestamp' is invalid");
  }
  return errors;
}

export async function openPagerDuty(routingKey: string, port = 0): Promise<PagerDutyServer> {
  const incidents: Incident[] = [];
  const take = ({ event_action, dedup_key, payload }: Event): void => {
    const open = incidents.find(({ dedupKey, status }) => dedupKey === dedup_key && status !== 'resolved');
    const action = String(event_action);
    if (open === undefined) {
      // What says something of an alert that isn't open is dropped.
      if (action !== 'trigger') return;
      const { summary, severity, custom_details: details } = payload ?? {};
      incidents.push({ dedupKey: String(dedup_key), summary: String(summary), severity: String(severity), details: (details ?? {}) as Incident['details'], status: 'triggered', actions: [action] });
      return;
    }
    open.actions.push(action);
    if (action === 'acknowledge') open.status = 'acknowledged';
    if (action === 'resolve') open.status = 'resolved';
  };
  const answer = ({ method, path, body }: Asked): Answer => {
    if (method !== 'POST' || path !== '/v2/enqueue') return { status: 404 };
    const event = jsonOf(body) as Event;
    const errors = errorsOf(event);
    if (errors.length > 0 || event.routing_key !== routingKey) return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors: errors.length > 0 ? errors : ['Invalid routing key'] } };
    take(event);
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: event.dedup_key } };
  };
  return { ...(await openVendor(answer, port)), incidents };
}
