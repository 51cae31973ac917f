// Carries out what a rule does: a reply or a note to another chat through the Telegram bot, or a signed POST.
//
// Telegram has no key by which it would know a repetition, and no way to ask what was sent. So each effect is written down before
// and after. Found "begun" and no more, it may have been sent: a webhook is sent again, since its webhook-id is the same and its
// receiver knows it; a message is not, and stands in log.rule_actions as unknown.
import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { NotNow, Refused } from '../destinations/failures.ts';
import type { Api, ApiOptions } from '../destinations/http.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Archive, Effect } from './archive.ts';
import type { Firing } from './fold.ts';
import type { Action, RulesSection } from './section.ts';

export type MakeApi = (options: Omit<ApiOptions, 'secrets'>) => Api;

/** A wrong token or address is our fault and not the message's: it waits until somebody has mended it. */
const OUR_FAULT = [401, 404];

interface TelegramAnswer {
  readonly parameters?: { readonly retry_after?: number };
}

/** Telegram says in the body for how long to wait. */
export function retryAfterMs(body: string): number {
  try {
    return ((JSON.parse(body) as TelegramAnswer | null)?.parameters?.retry_after ?? 0) * 1_000;
  } catch {
    return 0;
  }
}

/** Whether a request may have been carried out all the same: not when there was an answer that says otherwise. */
const isDoubtful = (error: NotNow): boolean => error.sent && !/ was answered \d{3}/.test(error.message);

export class Actor {
  readonly #section: RulesSection;
  readonly #api: MakeApi;
  readonly #logger: Logger;

  constructor(section: RulesSection, api: MakeApi, logger: Logger) {
    [this.#section, this.#api, this.#logger] = [section, api, logger];
  }

  /** All actions of a rule; one that is refused keeps no other from its turn. @throws Refused of the first that is. */
  async act(firing: Firing, of: Pick<Effect, 'integrationId' | 'ticketId'>, { archive, signal }: { readonly archive: Archive; readonly signal: AbortSignal }): Promise<void> {
    let refused: Refused | undefined;
    for (const [index, action] of firing.rule.then.entries()) {
      const kind = 'reply' in action ? 'reply' : 'notify' in action ? 'notify' : 'webhook';
      const effect: Effect = { ...of, eventId: firing.row.event_id, ruleId: firing.rule.id, action: index, kind };
      try {
        await this.#once(effect, archive, () => this.#send(action, firing, effect, signal));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        refused ??= error;
      }
    }
    if (refused !== undefined) throw refused;
  }

  async #once(effect: Effect, archive: Archive, send: () => Promise<'done' | 'impossible'>): Promise<void> {
    const before = await archive.stateOf(effect);
    if (before === 'done' || before === 'impossible' || before === 'unknown') return;
    const { ticketId: ticket_id, eventId: event_id, ruleId: rule_id, action, kind } = effect;
    if (before === 'begun' && kind !== 'webhook') {
      await archive.setState(effect, 'unknown');
      this.#logger.warn({ ticket_id, event_id, rule_id, action }, 'a message may have been sent before the answer was lost; it is not sent again');
      return;
    }
    await archive.setState(effect, 'begun');
    try {
      await archive.setState(effect, await send());
    } catch (error) {
      if (error instanceof Refused) await archive.setState(effect, 'refused');
      else if (error instanceof NotNow && !isDoubtful(error)) await archive.setState(effect, 'waiting');
      throw error;
    }
  }

  async #send(action: Action, firing: Firing, effect: Effect, signal: AbortSignal): Promise<'done' | 'impossible'> {
    if ('webhook' in action) {
      await this.#webhook(action.webhook, firing, effect, signal);
      return 'done';
    }
    if ('notify' in action) {
      const { chat_id, topic_id, text } = action.notify;
      await this.#message({ chat_id, text: `${text}\n${effect.integrationId} ${effect.ticketId}`, ...(topic_id === undefined ? {} : { message_thread_id: topic_id }) }, signal);
      return 'done';
    }
    if (firing.chat === null) return 'impossible';
    const { chatId, topicId, messageId } = firing.chat;
    const isNumber = messageId !== null && /^\d+$/.test(messageId);
    await this.#message({
      chat_id: chatId, text: action.reply,
      ...(topicId === null ? {} : { message_thread_id: Number(topicId) }),
      ...(isNumber && firing.rule.from === 'customer' ? { reply_parameters: { message_id: Number(messageId), allow_sending_without_reply: true } } : {}),
    }, signal);
    return 'done';
  }

  /** Without a parse mode a text is shown as it is, and needs no escaping. */
  async #message(json: { readonly chat_id: string | number; readonly text: string }, signal: AbortSignal): Promise<void> {
    const { bot_token = '', telegram_url } = this.#section;
    const key = `telegram ${bot_token}`;
    // Telegram's limits: 30 messages a second in all, one a second in a chat, 20 a minute in a group (whose id is negative).
    const limits = [
      { key, requests: 30, perMs: 1_000 }, { key: `${key} ${json.chat_id}`, requests: 1, perMs: 1_000 },
      ...(String(json.chat_id).startsWith('-') ? [{ key: `${key} ${json.chat_id}`, requests: 20, perMs: 60_000 }] : []),
    ];
    const api = this.#api({ name: 'Telegram', baseUrl: telegram_url, limits, alsoNotNow: OUR_FAULT, retryAfterMs });
    await api.request({ method: 'POST', path: `/bot${bot_token}/sendMessage`, json, signal });
  }

  async #webhook({ url, signing_secret, data = {}, with_text }: Extract<Action, { webhook: unknown }>['webhook'], { row, rule, because }: Firing, effect: Effect, signal: AbortSignal): Promise<void> {
    const id = `msg_${createHash('sha256').update(JSON.stringify([effect.integrationId, effect.ticketId, effect.eventId, effect.ruleId, effect.action])).digest('hex').slice(0, 32)}`;
    const body = JSON.stringify({
      type: 'message_rule.matched', timestamp: new Date(row.at_ms).toISOString(),
      data: { ...data, integration_id: effect.integrationId, ticket_id: effect.ticketId, event_id: effect.eventId, message_id: row.message_id, rule_id: rule.id, because, ...(with_text === true ? { text: row.text } : {}) },
    });
    const at = new Date();
    const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)), 'webhook-signature': new Webhook(signing_secret).sign(id, at, body) };
    await this.#api({ name: 'Webhook', baseUrl: url, alsoNotNow: OUR_FAULT }).request({ method: 'POST', path: '', body, headers, signal });
  }
}
