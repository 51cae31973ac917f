// What leaves the door sealed: every event type through prepare, seal, Avro and back, as a consumer gets it.
import { describe, expect, it } from 'vitest';
import { loadContracts, type AvroType, type EventContract, type JsonObject } from '../../../schemas/contract.ts';
import { personalFields } from '../../../schemas/personal.ts';
import { createEncoder, createReader } from '../../runtime/avro/avro.ts';
import { erasureRecord } from '../../runtime/personal/key-records.ts';
import { opened } from '../../runtime/personal/opened.ts';
import { newKey, type Key } from '../../runtime/personal/sealed.ts';
import type { Integration } from '../../runtime/integrations-file.ts';
import type { AuthenticWebhook } from '../outcome.ts';
import { createKeySource } from '../keys.ts';
import { SealingKeys } from '../sealing-keys.ts';
import { parseWebhook } from './parse.ts';
import { createPrepare, type PreparedEvent } from './prepare.ts';
import { createSealer, type KeySource } from './seal.ts';

const contracts = await loadContracts();
const prepare = createPrepare(contracts);
const acme: Integration = { integration_id: 'acme', environment: 'production', secrets: ['s'], encrypt_personal_data: true, clear_metadata: ['tier'] };

function webhook(type: string, payload: JsonObject): AuthenticWebhook {
  const parsed = parseWebhook(Buffer.from(JSON.stringify({
    event_id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301', event_type: type, timestamp: '2026-03-02T09:00:00.000Z', signature: 's', version: '1.2',
    source: { platform: 'crm', integration_id: 'acme', environment: 'production' }, payload,
  })), new Date());
  expect.assert(!('kind' in parsed));
  return { ...parsed, integration: acme };
}

const example = ({ versions }: EventContract): JsonObject => (versions.get('1.2')?.['examples'] as JsonObject[])[0] ?? {};

/** One key for each subject, and which were asked for. */
function keyBox(): KeySource & { readonly keys: Map<string, Key> } {
  const keys = new Map<string, Key>();
  return {
    keys,
    keyFor: ({ subject }) => {
      const key = keys.get(subject) ?? newKey();
      keys.set(subject, key);
      return Promise.resolve(key);
    },
  };
}

function prepared(hook: AuthenticWebhook): PreparedEvent {
  const event = prepare(hook);
  expect.assert(event.kind === 'event', JSON.stringify(event));
  return event;
}

/** As it lies in the log, and as a consumer gets it from there. */
function kept({ contract, record }: PreparedEvent): { readonly bytes: string; readonly read: (key: Key | undefined) => Record<string, unknown> } {
  const value = createEncoder(contract.record, 1)(record).subarray(5);
  const decoded = createReader(contract.record)(contract.record)(value) as Record<string, unknown>;
  return { bytes: value.toString('utf8'), read: (key) => opened(decoded, contract.record, key) };
}

const asRead = (event: PreparedEvent): unknown => kept(event).read(undefined);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const MIRA = { telegram_user_id: 7, username: 'mira_m', first_name: 'Mira', last_name: 'Moll', contact_phone: '+49151', email: 'mira@example.org', language_code: 'de' };
const created = { ticket_id: 'TKT-1', customer: MIRA, channel: { type: 'direct_message', chat_id: 7 }, created_at: '2026-03-02T09:00:00.000Z', status: 'new',
  initial_message: { message_id: '1', text: 'my secret', content_type: 'photo', file_url: 'https://files/mira' }, metadata: { tier: 'vip', note: 'tall', nested: { phone: '+49151' } }, nickname: 'Mimi' };
const message = (sender: JsonObject): JsonObject => ({ ticket_id: 'TKT-1', message_id: '2', sender, content: { text: 'Dear Mira', content_type: 'text' }, is_private: false, sent_at: '2026-03-02T09:00:00.000Z' });

describe('an event of an integration whose personal data is sealed', () => {
  it.each([...contracts.values()].map((contract) => [contract.eventType, example(contract)] as const))('%s: is whole again with the key, whatever the contract lets it say', async (type, payload) => {
    const hook = webhook(type, { ...payload, said_beyond: { deep: ['Mira'] } });
    const box = keyBox();
    const sealed = kept(await createSealer(box).event(hook, prepared(hook)));
    const [key] = box.keys.values();
    expect(plain(sealed.read(key))).toStrictEqual(plain(asRead(prepared(hook))));
  });

  it('says nothing personal without the key, and all that reports are made of', async () => {
    const hook = webhook('ticket.created', created);
    const { bytes, read } = kept(await createSealer(keyBox()).event(hook, prepared(hook)));
    for (const said of ['mira', 'Mira', 'Moll', '+49151', 'secret', 'tall', 'Mimi']) expect(bytes).not.toContain(said);
    const blank = read(undefined);
    expect(blank).toMatchObject({
      ticket_id: 'TKT-1', status: 'new', metadata: '{"tier":"vip"}', extra: {},
      customer: { telegram_user_id: 7, language_code: 'de', username: null, first_name: '', last_name: null, contact_phone: null, email: null },
      initial_message: { message_id: '1', content_type: 'photo', text: null, files: [{ file_url: null }] },
    });
  });

  it.each([
    ['a customer, who says which, under theirs', 'message.received', message({ type: 'customer', telegram_user_id: 7, username: 'mira_m' }), ['customer/7']],
    ['a customer who does not say, under the ticket\'s', 'message.received', message({ type: 'customer' }), ['ticket/TKT-1']],
    ['an agent, under the ticket\'s', 'message.received', message({ type: 'agent', agent_id: 'lea', telegram_user_id: 8, username: 'lea' }), ['ticket/TKT-1']],
    ['a creation, under the customer\'s', 'ticket.created', created, ['customer/7']],
    ['a change of status, under none', 'status.changed', { ticket_id: 'TKT-1', new_status: 'open', changed_by: { type: 'agent', id: 'lea', name: 'Lea' }, changed_at: '2026-03-02T09:00:00.000Z' }, []],
    ['one by a customer, under the ticket\'s', 'status.changed', { ticket_id: 'TKT-1', new_status: 'open', changed_by: { type: 'customer', name: 'Mira' }, changed_at: '2026-03-02T09:00:00.000Z' }, ['ticket/TKT-1']],
  ] as const)('is sealed for %s', async (_, type, payload, subjects) => {
    const box = keyBox();
    const hook = webhook(type, payload);
    await createSealer(box).event(hook, prepared(hook));
    expect([...box.keys.keys()]).toStrictEqual(subjects);
  });

  it('has its texts sealed as one, so that a cipher is made once for all of them, and one by itself where it stands', async () => {
    const hook = webhook('ticket.created', created);
    const { record } = await createSealer(keyBox()).event(hook, prepared(hook));
    expect(record['customer']).toMatchObject({ username: 'enc:v2:0:6', first_name: 'enc:v2:6:4' });
    expect((record['extra'] as JsonObject)['sealed']).toMatch(/^enc:v1:/);
    const one = webhook('message.received', message({ type: 'customer', telegram_user_id: 7 }));
    const { record: alone } = await createSealer(keyBox()).event(one, prepared(one));
    expect([(alone['content'] as JsonObject)['text'], Object.keys(alone['extra'] as JsonObject)]).toStrictEqual([expect.stringMatching(/^enc:v1:/), ['key_id']]);
  });

  it('keeps the name of an agent readable', async () => {
    const hook = webhook('message.received', message({ type: 'agent', agent_id: 'lea', username: 'lea_l' }));
    expect(kept(await createSealer(keyBox()).event(hook, prepared(hook))).read(undefined)).toMatchObject({ sender: { username: 'lea_l' }, content: { text: null } });
  });

  it('is sealed with a key that nobody keeps when it happened before its customer was forgotten', async () => {
    const keys = new SealingKeys();
    keys.applyErasure(erasureRecord({ integrationId: 'acme', telegramUserId: 7, subjects: ['customer/7'], erasedAt: '2026-03-02T09:00:00.000Z', erasedBy: '', note: '' }));
    const appended: string[] = [];
    const source = createKeySource(new Map([['production', keys]]), { append: (_topic, record) => Promise.resolve({ partition: appended.push(record.key) }) });
    const hook = webhook('ticket.created', created);
    const { bytes } = kept(await createSealer(source).event(hook, prepared(hook)));
    expect(appended).toStrictEqual([]);
    expect(bytes).not.toContain('Mira');
    await source.keyFor({ environment: 'production', integrationId: 'acme', subject: 'customer/7', happenedAt: Date.now() });
    expect(appended.length, 'what they do afterwards is kept').toBe(1);
  });
});

/** Texts of a record by their path; lists are walked through. */
const textsOf = (type: AvroType, path: string): string[] => {
  if (Array.isArray(type)) return type.flatMap((branch) => textsOf(branch as AvroType, path));
  if (type === 'string') return [path];
  if (typeof type !== 'object' || !('type' in type)) return [];
  if (type.type === 'record') return (type).fields.flatMap((field) => textsOf(field.type, `${path}.${field.name}`));
  return type.type === 'array' ? textsOf(type.items, path) : [];
};

/** Names that tell nothing of a customer: ids, kinds, words of the CRM, and names of the company's people and rules. */
const NOTHING_PERSONAL = /(^|_)id$|^(platform|environment|version|type|content_type|language_code|status|previous_status|new_status|breached_metric|level|routing_rule)$/;

it('of every text of every record it is decided whether it is personal', () => {
  const undecided = [...contracts.values()].flatMap(({ eventType, record }) => {
    const personal = new Set(personalFields[eventType as keyof typeof personalFields].map(({ path }) => `.${path.join('.')}`));
    return textsOf(record, '').filter((path) => !personal.has(path) && !NOTHING_PERSONAL.test(path.split('.').at(-1) ?? '')).map((path) => `${eventType}${path}`);
  });
  expect(undecided, 'put a new field into schemas/personal.ts, or its name here').toStrictEqual([
    'agent.assigned.assignee.name', 'agent.assigned.previous_assignee.name', 'escalation.fired.policy.name', 'ticket.created.metadata',
  ]);
});
