// A bot's messages to a supervisors' chat or topic. What broke off while it was sent is sent again, and says that it may be
// there already: of two evils, a page too many.
import { NotNow, Refused } from '../../destinations/failures.ts';
import { escaped, isOfTheChat, TelegramBot } from '../../destinations/telegram.ts';
import type { Tracked } from '../book.ts';
import type { TelegramSettings } from '../section.ts';
import { context, news, summary } from '../text.ts';
import type { Channel, ChannelPlace, Delivery } from './channel.ts';

/** With as many lines as a message may have, well below Telegram's 4,096 characters. */
const LONGEST_LINE = 180;

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

export function telegram({ bot_token: token, chat_id: chat, topic_id: topic, group_wait_seconds, url }: TelegramSettings, { name, api, logger }: ChannelPlace): Channel {
  const bot = new TelegramBot({ name: `Telegram ${name}`, token, url, api, logger });
  return {
    name, isKeyed: false,
    manner: { bundles: 'everything', groupWaitMs: group_wait_seconds * 1_000, repeats: true },
    send: async (delivery) => {
      const isNews = delivery.step === 'fired' || delivery.step === 'repeated';
      const message = { chat, topic, text: telegramText(delivery), isHtml: true, isSilent: !isNews, replyTo: delivery.tracked[0]?.sent.get(name)?.reference };
      return bot.send(message, delivery.signal).catch((error: unknown) => {
        // A chat or topic that isn't there is no fault of the alert.
        throw error instanceof Refused && isOfTheChat(error) ? new NotNow(error.message, { sent: false }) : error;
      });
    },
    check: async () => `the Telegram bot ${await bot.me()} sees the ${await bot.chat(chat)}; a topic shows with the first message only`,
  };
}
