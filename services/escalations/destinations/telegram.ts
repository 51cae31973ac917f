// A bot's messages to a supervisors' chat or topic. Telegram has no key by which it would know a repetition: what broke off
// while it was sent is sent again, and says that it may be there already.
import { NotNow, Refused } from '../../destinations/failures.ts';
import type { ApiAnswer } from '../../destinations/http.ts';
import type { Tracked } from '../book.ts';
import type { TelegramSettings } from '../section.ts';
import { context, news, summary } from '../text.ts';
import { ourFault, type Channel, type ChannelPlace, type Delivery } from './channel.ts';

/** With as many lines as a message may have, well below Telegram's 4,096 characters. */
const LONGEST_LINE = 180;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const line = (text: string): string => escaped(text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1).toWellFormed()}…` : text);

const titles = { fired: 'new', repeated: 'still unacknowledged', acknowledged: 'acknowledged', resolved: 'over' } as const;

export function telegramText({ step, tracked, now, mayBeRepeated }: Pick<Delivery, 'step' | 'tracked' | 'now' | 'mayBeRepeated'>): string {
  const said = (one: Tracked): string => [summary(one), news(one, step, now)].filter((part) => part !== '').join(', ');
  const [only, ...others] = tracked;
  const lines = only !== undefined && others.length === 0
    ? [`<b>${line(said(only))}</b>`, ...(step === 'fired' || step === 'repeated' ? [line(context(only))] : [])]
    : [`<b>${tracked.length} ${titles[step]}</b>`, ...tracked.map((one) => `• ${line(said(one))}`)];
  return [...lines, ...(mayBeRepeated ? ['<i>You may have this already: the connection broke while it was sent.</i>'] : [])].join('\n');
}

/** A bot may send a chat one message a second and a group 20 a minute. */
const limitsOf = ({ bot_token, chat_id }: TelegramSettings) => {
  const key = `telegram ${bot_token} ${chat_id}`;
  return [{ key, requests: 1, perMs: 1_000 }, { key, requests: 20, perMs: 60_000 }];
};

interface Answer {
  readonly result?: { readonly message_id?: number };
  readonly description?: string;
  readonly parameters?: { readonly migrate_to_chat_id?: number; readonly retry_after?: number };
}

function answerIn(said: string): Answer {
  try {
    return JSON.parse(said) as Answer;
  } catch {
    return {};
  }
}

/** Telegram says in the body for how long to wait. */
export const retryAfterMs = (body: string): number => (answerIn(body).parameters?.retry_after ?? 0) * 1_000;

export function telegram(settings: TelegramSettings, { name, api, logger }: ChannelPlace): Channel {
  const client = api({ name: `Telegram ${name}`, baseUrl: settings.url, alsoNotNow: ourFault, limits: limitsOf(settings), retryAfterMs });
  let chat = settings.chat_id;
  const post = (delivery: Delivery): Promise<ApiAnswer> => {
    const reference = delivery.tracked[0]?.sent.get(name)?.reference;
    const isNews = delivery.step === 'fired' || delivery.step === 'repeated';
    return client.request({
      method: 'POST', path: `/bot${settings.bot_token}/sendMessage`, signal: delivery.signal,
      json: {
        chat_id: chat, text: telegramText(delivery), parse_mode: 'HTML', disable_notification: !isNews,
        ...(settings.topic_id === undefined ? {} : { message_thread_id: settings.topic_id }),
        ...(reference === undefined ? {} : { reply_parameters: { message_id: reference, allow_sending_without_reply: true } }),
      },
    });
  };
  const send = async (delivery: Delivery): Promise<number | undefined> => {
    try {
      return ((await post(delivery)).body as Answer).result?.message_id;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const moved = answerIn(error.said).parameters?.migrate_to_chat_id;
      if (moved === undefined || moved === chat) throw orOurFault(error);
      logger.warn({ destination: name, chat_id: moved }, 'the group became a supergroup: write its new chat_id into DESTINATIONS_FILE');
      chat = moved;
      return send(delivery);
    }
  };
  return {
    name, isKeyed: false,
    manner: { bundles: 'everything', groupWaitMs: settings.group_wait_seconds * 1_000, repeats: true },
    send,
    check: async () => {
      const ask = async (method: string, json: object): Promise<Readonly<Record<string, string | undefined>>> =>
        ((await client.request({ method: 'POST', path: `/bot${settings.bot_token}/${method}`, json })).body as { result: Readonly<Record<string, string | undefined>> }).result;
      const bot = await ask('getMe', {});
      const found = await ask('getChat', { chat_id: chat });
      return `Telegram ${name}: the bot ${bot['username'] ?? ''} sees the ${found['type'] ?? 'chat'} ${found['title'] ?? found['username'] ?? String(chat)}; a topic shows with the first message only`;
    },
  };
}

/** A chat or topic that isn't there is no fault of the alert. */
const orOurFault = (error: Refused): Error => (/not found|CHAT_|TOPIC_|rights|closed/i.test(error.said) ? new NotNow(error.message, { sent: false }) : error);
