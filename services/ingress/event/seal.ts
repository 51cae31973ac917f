// Seals what an event says about a customer, before it becomes a record: with the customer's key what they wrote or told of
// themselves, with the ticket's key what others said in it, or with that of the customer who is known to have opened it. So no event
// has to know more than it says: forgetting a customer deletes their keys and those of their tickets.
import { isObject } from '../../../schemas/upcasting.ts';
import { companyTypes, defaultClearMetadata, freeFormField, personalFields, type PersonalField } from '../../../schemas/personal.ts';
import type { Json, JsonObject } from '../../../schemas/contract.ts';
import type { Owner } from '../../runtime/personal/key-records.ts';
import { groupBy } from '../../runtime/group-by.ts';
import { KEY_ID, TOGETHER } from '../../runtime/personal/opened.ts';
import { seal, sealTogether, type Key } from '../../runtime/personal/sealed.ts';
import type { AuthenticWebhook } from '../outcome.ts';
import { payloadKeyOf, type PreparedEvent } from './prepare.ts';
import { readTime } from './time.ts';
import { pointer } from './read-json.ts';

type Fields = Record<string, unknown>;

/** A text to be sealed: the object that holds it, and its name there. */
interface Place {
  readonly holder: Fields;
  readonly name: string;
}

/** The personal fields of one object, found by its path: it is looked up once for all of them. */
interface Holder {
  readonly path: readonly string[];
  readonly unlessCompany: string | undefined;
  readonly names: readonly string[];
}

function holdersOf(fields: readonly PersonalField[]): Holder[] {
  return [...groupBy(fields, ({ path, unlessCompany = '' }) => `${path.slice(0, -1).join('/')} ${unlessCompany}`).values()].flatMap((together) => {
    const [first] = together;
    return first === undefined ? [] : [{ path: first.path.slice(0, -1), unlessCompany: first.unlessCompany, names: together.map(({ path }) => path.at(-1) ?? '') }];
  });
}

const holders = new Map(Object.entries(personalFields).map(([type, fields]) => [type, holdersOf(fields)]));

function findPlaces(found: Place[], value: unknown, holder: Holder, depth = 0): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) findPlaces(found, item, holder, depth);
    return;
  }
  const fields = value as Fields;
  const step = holder.path[depth];
  if (step !== undefined) findPlaces(found, fields[step], holder, depth + 1);
  else if (holder.unlessCompany === undefined || !companyTypes.has(fields[holder.unlessCompany])) {
    for (const name of holder.names) if (typeof fields[name] === 'string') found.push({ holder: fields, name });
  }
}

/** What of a record is personal; nothing of most changes of status. */
function personalPlaces({ contract, record }: PreparedEvent): Place[] {
  const found: Place[] = [];
  for (const holder of holders.get(contract.eventType) ?? []) findPlaces(found, record, holder);
  const extra = record['extra'] as Fields;
  for (const name in extra) found.push({ holder: extra, name });
  return found;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** The members that stay readable go on standing in the field; the whole goes to `extra`, as what is sealed. */
function moveFreeForm({ record }: PreparedEvent, clear: readonly string[]): void {
  const text = record[freeFormField];
  if (typeof text !== 'string') return;
  const whole = parsed(text);
  const rest = isObject(whole) ? Object.fromEntries(Object.entries(whole).filter(([name, value]) => clear.includes(name) && !isObject(value) && !Array.isArray(value))) : {};
  record[freeFormField] = JSON.stringify(rest);
  (record['extra'] as Fields)[pointer('/payload', freeFormField)] = text;
}

const customer = (id: unknown): string | null => (typeof id === 'number' || (typeof id === 'string' && id !== '') ? `customer/${id}` : null);

/** The beginning of a ticket's subject. */
export const TICKET = 'ticket/';

/** Whose words or data an event's are. */
function subjectOf(event: JsonObject): string | null {
  const { customer: told, sender, ticket_id } = event;
  const id = isObject(told) ? told['telegram_user_id'] : isObject(sender) && sender['type'] === 'customer' ? sender['telegram_user_id'] : null;
  return customer(id) ?? (typeof ticket_id === 'string' || typeof ticket_id === 'number' ? `${TICKET}${ticket_id}` : null);
}

/** Whom something is sealed for. */
export interface SealedFor extends Owner {
  readonly environment: string;
  readonly happenedAt: number;
  /** The ticket that they open with it, as a subject. */
  readonly opens?: string | undefined;
}

export interface KeySource {
  /** The key of a tenant's subject, at once when it is known; one that nobody keeps for what happened before the subject was forgotten. */
  keyFor(wanted: SealedFor): Key | Promise<Key>;
}

export interface Sealer {
  /** The event with its personal fields sealed; itself when it has none. */
  event(webhook: AuthenticWebhook, prepared: PreparedEvent): PreparedEvent | Promise<PreparedEvent>;
  /** A body that can't be used, sealed as a whole; with the key's id. */
  body(webhook: AuthenticWebhook): Promise<{ readonly payload: Buffer; readonly keyId: string }>;
}

const textAt = ({ holder, name }: Place): string => holder[name] as string;

function sealedWith(key: Key, prepared: PreparedEvent, places: readonly Place[]): PreparedEvent {
  const extra = prepared.record['extra'] as Fields;
  const [first] = places;
  if (places.length === 1 && first !== undefined) first.holder[first.name] = seal(textAt(first), key);
  else {
    const { sealed, parts } = sealTogether(places.map(textAt), key);
    places.forEach(({ holder, name }, index) => void (holder[name] = parts[index]));
    extra[TOGETHER] = sealed;
  }
  extra[KEY_ID] = key.id;
  return prepared;
}

export function createSealer(keys: KeySource): Sealer {
  return {
    event: ({ integration }, prepared) => {
      moveFreeForm(prepared, integration.clear_metadata ?? defaultClearMetadata);
      const places = personalPlaces(prepared);
      if (places.length === 0) return prepared;
      const { environment, integration_id: integrationId } = integration;
      const ticket = `${TICKET}${prepared.ticketId}`;
      const subject = subjectOf(prepared.record as JsonObject) ?? ticket;
      const opens = prepared.contract.eventType === 'ticket.created' && subject !== ticket ? ticket : undefined;
      const key = keys.keyFor({ environment, integrationId, subject, opens, happenedAt: prepared.record['timestamp'] as number });
      return key instanceof Promise ? key.then((made) => sealedWith(made, prepared, places)) : sealedWith(key, prepared, places);
    },
    body: async ({ integration, envelope, json, body, receivedAt }) => {
      const { environment, integration_id: integrationId } = integration;
      const field = payloadKeyOf(json);
      const subject = subjectOf(field === undefined ? json : (json[field] as JsonObject)) ?? `body/${envelope.event_id}`;
      const time = readTime(envelope.timestamp);
      const key = await keys.keyFor({ environment, integrationId, subject, happenedAt: time.kind === 'time' ? time.ms : receivedAt.getTime() });
      return { payload: Buffer.from(seal(body.toString('utf8'), key)), keyId: key.id };
    },
  };
}

