// The Bot API's sendMessage, getMe and getChat: tokens, chats and topics, HTML, lengths, the limit of a group, a group that moved.
import { jsonOf, openVendor, type Answer, type Asked, type Vendor } from './vendor.ts';

export interface Message {
  readonly message_id: number;
  readonly chat_id: number;
  readonly topic_id: number | undefined;
  /** As people read it, without markup. */
  readonly text: string;
  readonly silent: boolean;
  readonly reply_to: number | undefined;
}

export interface TelegramOptions {
  readonly token: string;
  /** Chats and their topics. */
  readonly chats: Readonly<Record<number, readonly number[]>>;
  /** Old chat id → new one. */
  readonly moved?: Readonly<Record<number, number>>;
  /** Messages to a chat within a minute; Telegram's 20 by default. */
  readonly perMinute?: number;
}

export interface TelegramServer extends Vendor {
  readonly messages: Message[];
}

const bad = (description: string, parameters?: object): Answer => ({ status: 400, body: { ok: false, error_code: 400, description: `Bad Request: ${description}`, ...(parameters === undefined ? {} : { parameters }) } });

const allowed = new Set(['b', 'strong', 'i', 'em', 'u', 's', 'code', 'pre', 'a']);

/** The text without its tags, or what is wrong with them. */
function parsed(html: string): { readonly text: string } | { readonly wrong: string } {
  const open: string[] = [];
  let text = '';
  for (const [part = ''] of html.matchAll(/<[^>]*>?|&[^;\s]*;?|[^<&]+/g)) {
    const tag = /^<(\/?)([a-z]+)(?: [^>]*)?>$/.exec(part);
    if (tag !== null && allowed.has(tag[2] ?? '')) {
      if (tag[1] === '') open.push(tag[2] ?? '');
      else if (open.pop() !== tag[2]) return { wrong: `can't parse entities: Unexpected end tag "${tag[2]}"` };
    } else if (part.startsWith('<')) return { wrong: 'can\'t parse entities: Unsupported start tag' };
    else text += part.replace('&lt;', '<').replace('&gt;', '>').replace('&quot;', '"').replace('&amp;', '&');
  }
  return open.length === 0 ? { text } : { wrong: `can't parse entities: Can't find end tag corresponding to start tag "${open.at(-1)}"` };
}

export async function openTelegram({ token, chats, moved = {}, perMinute = 20 }: TelegramOptions, port = 0): Promise<TelegramServer> {
  const messages: Message[] = [];
  const times: { readonly chat: number; readonly at: number }[] = [];
  const sendMessage = (asked: Readonly<Record<string, unknown>>): Answer => {
    const chat = Number(asked['chat_id']);
    const newChat = moved[chat];
    if (newChat !== undefined) return bad('group chat was upgraded to a supergroup chat', { migrate_to_chat_id: newChat });
    const topics = chats[chat];
    if (topics === undefined) return bad('chat not found');
    const topic = asked['message_thread_id'] as number | undefined;
    if (topic !== undefined && !topics.includes(topic)) return bad('message thread not found');
    const given = typeof asked['text'] === 'string' ? asked['text'] : '';
    const text = asked['parse_mode'] === 'HTML' ? parsed(given) : { text: given };
    if ('wrong' in text) return bad(text.wrong);
    if (text.text.trim() === '') return bad('message text is empty');
    if (text.text.length > 4_096) return bad('message is too long');
    const since = Date.now() - 60_000;
    const recent = times.filter((time) => time.chat === chat && time.at > since);
    if (recent.length >= perMinute) {
      const seconds = Math.max(1, Math.ceil(((recent[0]?.at ?? 0) - since) / 1_000));
      return { status: 429, body: { ok: false, error_code: 429, description: `Too Many Requests: retry after ${seconds}`, parameters: { retry_after: seconds } } };
    }
    times.push({ chat, at: Date.now() });
    const { message_id: reply } = (asked['reply_parameters'] ?? {}) as { message_id?: number };
    const message = { message_id: messages.length + 1, chat_id: chat, topic_id: topic, text: text.text, silent: asked['disable_notification'] === true, reply_to: reply };
    messages.push(message);
    return { status: 200, body: { ok: true, result: { message_id: message.message_id, date: Math.floor(Date.now() / 1_000), chat: { id: chat }, text: text.text } } };
  };
  const answer = ({ path, body }: Asked): Answer => {
    const [, given = '', method = ''] = /^\/bot([^/]*)\/(\w+)/.exec(path) ?? [];
    if (!/^\d+:[\w-]+$/.test(given)) return { status: 404, body: { ok: false, error_code: 404, description: 'Not Found' } };
    if (given !== token) return { status: 401, body: { ok: false, error_code: 401, description: 'Unauthorized' } };
    const asked = jsonOf(body);
    switch (method) {
      case 'sendMessage': return sendMessage(asked);
      case 'getMe': return { status: 200, body: { ok: true, result: { id: 1, is_bot: true, first_name: 'Pager', username: 'pager_bot' } } };
      case 'getChat': return chats[Number(asked['chat_id'])] === undefined ? bad('chat not found') : { status: 200, body: { ok: true, result: { id: Number(asked['chat_id']), type: 'supergroup', title: 'Supervisors', is_forum: true } } };
      default: return { status: 404, body: { ok: false, error_code: 404, description: 'Not Found: method not found' } };
    }
  };
  return { ...(await openVendor(answer, port)), messages };
}
