// Seals what an event says about a customer, before it becomes a record: with the customer's key what they wrote or told of
// themselves, with the ticket's key what others said in it, or with that of the customer who is known to have opened it. So no event
// has to know more than it says: forgetting a customer deletes their keys and those of their tickets.
import { isObject } from '../../../schemas/upcasting.ts';
import { companyTypes, defaultClearMetadata, freeFormField, personalFields, type PersonalField } from '../../../schemas/personal.ts';
import type { Json, JsonObject } from '../../../schemas/contract.ts';
import type { Owner } from '../../runtime/personal/key-records.ts';
import { groupBy } from '../../runtime/group-by.ts';
import { KEY_ID } from '../../runtime/personal/opened.ts';
import { seal, type Key } from '../../runtime/personal/sealed.ts';
import type { AuthenticWebhook } from '../outcome.ts';
import { payloadKeyOf, type PreparedEvent } from './prepare.ts';
import { readTime } from './time.ts';
import { pointer } from './read-json.ts';

type Fields = Record<string, unknown>;

/** A sealed text has a place: the object that holds it, and its name there. */
interface Place {
  readonly holder: Fields;
  readonly name: string;
  readonly pointer: string;
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

function findPlaces(found: Place[], { value, at, depth }: { readonly value: unknown; readonly at: string; readonly depth: number }, holder: Holder): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => findPlaces(found, { value: item, at: `${at}/${index}`, depth }, holder));
    return;
  }
  const fields = value as Fields;
  const step = holder.path[depth];
  if (step !== undefined) findPlaces(found, { value: fields[step], at: `${at}/${step}`, depth: depth + 1 }, holder);
  else if (holder.unlessCompany === undefined || !companyTypes.has(fields[holder.unlessCompany])) {
    for (const name of holder.names) if (typeof fields[name] === 'string') found.push({ holder: fields, name, pointer: `${at}/${name}` });
  }
}

/** What of a record is personal; nothing of most changes of status. */
function personalPlaces({ contract, record }: PreparedEvent): Place[] {
  const found: Place[] = [];
  for (const holder of holders.get(contract.eventType) ?? []) findPlaces(found, { value: record, at: '/payload', depth: 0 }, holder);
  const extra = record['extra'] as Fields;
  for (const name of Object.keys(extra)) found.push({ holder: extra, name, pointer: name });
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

/** A customer bears the same name in every message, and it is sealed once: that it is the same tells nothing, as their id stands beside it. */
const NAME_OF_SENDER = '/payload/sender/username';
const namesOfSenders = new WeakMap<Key, { readonly text: string; readonly sealed: string }>();

function sealedName(text: string, key: Key): string {
  const last = namesOfSenders.get(key);
  if (last?.text === text) return last.sealed;
  const sealed = seal(text, key, NAME_OF_SENDER);
  namesOfSenders.set(key, { text, sealed });
  return sealed;
}

function sealedWith(key: Key, prepared: PreparedEvent, places: readonly Place[]): PreparedEvent {
  for (const { holder, name, pointer: at } of places) {
    const text = holder[name] as string;
    holder[name] = at === NAME_OF_SENDER ? sealedName(text, key) : seal(text, key, `${prepared.eventId}${at}`);
  }
  (prepared.record['extra'] as Fields)[KEY_ID] = key.id;
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
      return { payload: Buffer.from(seal(body.toString('utf8'), key, envelope.event_id)), keyId: key.id };
    },
  };
}

