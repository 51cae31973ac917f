// How older contract versions say the same thing. The simulation speaks 1.2; a desk on 1.0 or 1.1
// sends what its CRM would have sent: numeric ids, `phone`, one attachment, no newer fields.
import type { Json, JsonObject } from '../../../schemas/contract.ts';
import type { EventType } from '../events.ts';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const without = (value: JsonObject, ...keys: string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));

const numeric = (value: Json | undefined): Json =>
  typeof value === 'string' && /^[1-9]\d{0,14}$/.test(value) ? Number(value) : value ?? null;

const withNumbers = (value: Json | undefined, ...keys: string[]): Json => {
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, keys.includes(key) ? numeric(field) : field]));
};

/** Before 1.2 a message carried one attachment. */
function singleFile(content: Json | undefined): Json {
  if (!isObject(content)) return content ?? null;
  const [first] = Array.isArray(content['files']) ? content['files'] : [];
  const file = isObject(first) ? { file_url: first['file_url'] ?? null, file_size: first['file_size'] ?? null } : {};
  return { ...without(content, 'files'), ...file };
}

function phone(customer: Json | undefined): Json {
  if (!isObject(customer) || customer['contact_phone'] === undefined) return customer ?? null;
  return { ...without(customer, 'contact_phone'), phone: customer['contact_phone'] };
}

function before12(type: EventType, payload: JsonObject): JsonObject {
  switch (type) {
    case 'ticket.created':
      return {
        ...payload, customer: phone(payload['customer']),
        initial_message: singleFile(withNumbers(payload['initial_message'], 'message_id')),
      };
    case 'message.received':
      return {
        ...payload, message_id: numeric(payload['message_id']), content: singleFile(payload['content']),
        sender: withNumbers(payload['sender'], 'agent_id'),
      };
    case 'status.changed':
      return { ...payload, changed_by: withNumbers(payload['changed_by'], 'id') };
    case 'agent.assigned':
      return {
        ...payload, assignee: withNumbers(payload['assignee'], 'agent_id', 'group_id'),
        previous_assignee: withNumbers(payload['previous_assignee'], 'agent_id', 'group_id'),
        assigned_by: withNumbers(payload['assigned_by'], 'id'),
      };
    case 'escalation.fired':
      return { ...payload, level: numeric(payload['level']), escalated_to: withNumbers(payload['escalated_to'], 'id') };
  }
}

/** 1.0 knew no status at creation, no automated flag (a bot is the sender), no rule, no elapsed time. */
function before11(payload: JsonObject): JsonObject {
  const sender = payload['sender'];
  const said = payload['is_automated'] === true && isObject(sender) ? { ...payload, sender: { type: 'bot' } } : payload;
  return without(said, 'status', 'is_automated', 'routing_rule', 'elapsed_seconds');
}

/** The payload as a sender of `version` writes it. */
export function inDialect(version: string, type: EventType, payload: JsonObject): JsonObject {
  if (version === '1.2') return payload;
  const older = before12(type, payload);
  return version === '1.0' ? before11(older) : older;
}
