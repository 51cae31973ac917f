// A Telegram bot: the one place that knows its limits, how it asks for a pause, what has to be escaped, and groups that became
// supergroups. Telegram has no key by which it would know a repetition: whoever sends decides what becomes of a doubtful try.
//
// All bots of one token in a process share what the token and each chat may send. Each process counts for itself; when several
// are too fast together, Telegram answers 429, which pauses the whole bot in the process that was told.
import type { Logger } from '../runtime/logger.ts';
import type { OpenApi } from './consumer.ts';
import { Refused, type NotNow } from './failures.ts';
import type { Api } from './http.ts';
import type { Limit } from './limits.ts';

export type ChatId = number | string;

/** Properties of a section. */
export const telegramSchema = {
  token: { type: 'string', pattern: '^\\d+:[\\w-]+$', secret: true },
  chat: { type: ['integer', 'string'], pattern: '^(@\\w+|-?\\d+)$' },
  topic: { type: 'integer', minimum: 1 },
  url: { type: 'string', pattern: '^https?://[^\\s/]+', default: 'https://api.telegram.org' },
};

export interface BotMessage {
  readonly chat: ChatId;
  readonly topic?: number | undefined;
  /** Shown as it is; with `isHtml`, what is not ours in it has to be `escaped`. At most 4,096 characters are shown. */
  readonly text: string;
  readonly isHtml?: boolean;
  readonly isSilent?: boolean;
  /** Sent all the same when that message is gone. */
  readonly replyTo?: number | undefined;
}

export interface BotOptions {
  /** As errors call it. */
  readonly name: string;
  readonly token: string;
  readonly url: string;
  readonly api: OpenApi;
  readonly logger: Logger;
}

/** A token that Telegram does not know is our fault and no message's: all wait until it is mended. */
const OUR_FAULT = [401, 404];

export const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A user's id is positive; a group's is negative, a channel may have a name. */
const isPrivate = (chat: ChatId): boolean => /^\d+$/.test(String(chat));

const keyOf = ({ url, token }: BotOptions, chat?: ChatId): string => JSON.stringify(['telegram', url, token, ...(chat === undefined ? [] : [String(chat).toLowerCase()])]);

/** One message a second to a chat, 20 a minute to a group. */
function limitsOf(bot: BotOptions, chat: ChatId): Limit[] {
  const key = keyOf(bot, chat);
  return [{ key, requests: 1, perMs: 1_000 }, ...(isPrivate(chat) ? [] : [{ key, requests: 20, perMs: 60_000 }])];
}

interface Answer {
  readonly result?: unknown;
  readonly parameters?: { readonly migrate_to_chat_id?: number; readonly retry_after?: number };
}

function answerIn(body: string): Answer {
  try {
    return (JSON.parse(body) as Answer | null) ?? {};
  } catch {
    return {};
  }
}

/** It stands in the body. */
export const retryAfterMs = (body: string): number => (answerIn(body).parameters?.retry_after ?? 0) * 1_000;

/** Whether a message may have been sent all the same: without an answer, and also where something behind the door failed (5xx). */
export const isDoubtful = (error: NotNow): boolean => error.sent && (error.status === null || error.status >= 500);

/** The bot can't write to this chat or topic, whatever the message. */
export const isOfTheChat = ({ status, said }: Refused): boolean => status === 403 || /not found|CHAT_|TOPIC_|rights|closed/i.test(said);

export class TelegramBot {
  readonly #options: BotOptions;
  readonly #api: Api;
  readonly #moved = new Map<string, ChatId>();

  constructor(options: BotOptions) {
    this.#options = options;
    const { name, url: baseUrl, api } = options;
    this.#api = api({ name, baseUrl, alsoNotNow: OUR_FAULT, answersJson: true, limits: [{ key: keyOf(options), requests: 30, perMs: 1_000 }], retryAfterMs });
  }

  /** @returns the message's id. @throws NotNow, Refused. */
  async send(message: BotMessage, signal?: AbortSignal): Promise<number | undefined> {
    const chat = this.#moved.get(String(message.chat)) ?? message.chat;
    try {
      return (await this.#post(message, chat, signal) as { readonly message_id?: number } | undefined)?.message_id;
    } catch (error) {
      const moved = error instanceof Refused ? answerIn(error.said).parameters?.migrate_to_chat_id : undefined;
      if (moved === undefined || moved === chat) throw error;
      this.#options.logger.warn({ bot: this.#options.name, chat_id: chat, new_chat_id: moved }, 'a group became a supergroup: messages go to its new chat_id; write that into DESTINATIONS_FILE where the old one stands');
      this.#moved.set(String(message.chat), moved);
      return this.send(message, signal);
    }
  }

  /** @returns its user name. */
  async me(): Promise<string> {
    return (await this.#ask('getMe', {}) as { readonly username?: string } | undefined)?.username ?? '';
  }

  /** @returns what kind of chat it is, and its name. */
  async chat(id: ChatId): Promise<string> {
    const { type = 'chat', title, username } = (await this.#ask('getChat', { chat_id: id }) ?? {}) as { readonly type?: string; readonly title?: string; readonly username?: string };
    return `${type} ${title ?? username ?? String(id)}`;
  }

  #post({ topic, text, isHtml = false, isSilent = false, replyTo }: BotMessage, chat: ChatId, signal: AbortSignal | undefined): Promise<unknown> {
    const json = {
      chat_id: chat, text,
      ...(topic === undefined ? {} : { message_thread_id: topic }),
      ...(isHtml ? { parse_mode: 'HTML' } : {}),
      ...(isSilent ? { disable_notification: true } : {}),
      ...(replyTo === undefined ? {} : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    };
    return this.#ask('sendMessage', json, { limits: limitsOf(this.#options, chat), ...(signal === undefined ? {} : { signal }) });
  }

  async #ask(method: string, json: object, more: { readonly limits?: readonly Limit[]; readonly signal?: AbortSignal } = {}): Promise<unknown> {
    const { body } = await this.#api.request({ method: 'POST', path: `/bot${this.#options.token}/${method}`, json, ...more });
    return (body as Answer | null)?.result;
  }
}
