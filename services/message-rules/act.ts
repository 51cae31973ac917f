// Carries out what a rule does: a reply or a note to another chat through the Telegram bot, or a signed POST.
//
// Telegram has no key by which it would know a repetition, and no way to ask what was sent. So each effect is written down before
// and after. Found "begun" and no more, it may have been sent: a webhook is sent again, since its webhook-id is the same and its
// receiver knows it; a message is not, and stands in log.rule_actions as unknown.
import type { OpenApi } from '../destinations/consumer.ts';
import { NotNow, Refused } from '../destinations/failures.ts';
import { SignedWebhook, webhookId, type WebhookSettings } from '../destinations/signed-webhook.ts';
import { isDoubtful, TelegramBot } from '../destinations/telegram.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Archive, Effect } from './archive.ts';
import type { Firing } from './fold.ts';
import type { Action, RulesSection } from './section.ts';

export const botOf = ({ bot_token: token, telegram_url: url }: RulesSection, api: OpenApi, logger: Logger): TelegramBot | null =>
  (token === undefined ? null : new TelegramBot({ name: 'Telegram', token, url, api, logger }));

export class Actor {
  readonly #bot: TelegramBot | null;
  readonly #webhooks = new Map<string, SignedWebhook>();
  readonly #api: OpenApi;
  readonly #logger: Logger;

  constructor(section: RulesSection, api: OpenApi, logger: Logger) {
    this.#bot = botOf(section, api, logger);
    [this.#api, this.#logger] = [api, logger];
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

  async #send(action: Action, { row, rule, because, chat }: Firing, { integrationId, ticketId, eventId, ruleId, action: index }: Effect, signal: AbortSignal): Promise<'done' | 'impossible'> {
    if ('webhook' in action) {
      const { data = {}, with_text } = action.webhook;
      await this.#webhookOf(action.webhook).post({
        id: webhookId([integrationId, ticketId, eventId, ruleId, index]), type: 'message_rule.matched', at: new Date(row.at_ms),
        data: { ...data, integration_id: integrationId, ticket_id: ticketId, event_id: eventId, message_id: row.message_id, rule_id: rule.id, because, ...(with_text === true ? { text: row.text } : {}) },
      }, signal);
      return 'done';
    }
    if (this.#bot === null) throw new Error('a rule that needs a bot has passed the check without one');
    if ('notify' in action) {
      const { chat_id, topic_id, text } = action.notify;
      await this.#bot.send({ chat: chat_id, topic: topic_id, text: `${text}\n${integrationId} ${ticketId}` }, signal);
      return 'done';
    }
    if (chat === null) return 'impossible';
    const { chatId, topicId, messageId } = chat;
    const replyTo = rule.from === 'customer' && messageId !== null && /^\d+$/.test(messageId) ? Number(messageId) : undefined;
    await this.#bot.send({ chat: chatId, topic: topicId === null ? undefined : Number(topicId), text: action.reply, replyTo }, signal);
    return 'done';
  }

  #webhookOf(settings: WebhookSettings): SignedWebhook {
    const key = JSON.stringify([settings.url, settings.signing_secret]);
    const hook = this.#webhooks.get(key) ?? new SignedWebhook(settings, { name: 'Webhook', api: this.#api });
    this.#webhooks.set(key, hook);
    return hook;
  }
}
