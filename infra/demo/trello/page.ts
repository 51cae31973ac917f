// The boards as a page, for people: lists side by side, cards in them, the last comment of each. It loads itself again.
import type { StoredBoard, StoredCard, TrelloStore } from './store.ts';

const MOST_CARDS = 40;
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const shortened = (text: string, length: number): string => escaped(text.length > length ? `${text.slice(0, length)}…` : text);

const style = `*{box-sizing:border-box}body{font:13px/1.4 system-ui,"DejaVu Sans",sans-serif;background:#0b5394;color:#172b4d;margin:12px}h1{color:#fff;font-size:17px;margin:16px 0 8px}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:8px;align-items:start}section{background:#ebecf0;border-radius:8px;padding:8px;min-width:0}
h2{font-size:13px;margin:2px 4px 8px}h2 span,small{color:#5e6c84;font-weight:400}section.none{opacity:.75}
article{background:#fff;border-radius:6px;padding:6px 8px;margin-bottom:8px;box-shadow:0 1px 1px #0003;overflow-wrap:anywhere}
b{font-weight:600;display:block}small{display:block;font-size:12px}em{font-style:normal;background:#dfe9f5;border-radius:4px;padding:1px 6px;margin:3px 4px 3px 0;display:inline-block;font-size:12px}
p{margin:5px 0 0;padding-top:5px;border-top:1px solid #ebecf0;white-space:pre-line}p u{text-decoration:none;font-weight:600;display:block}`;

/** As the service writes one: who in bold, what was said, when, and a mark that is for machines. */
const AS_WRITTEN = /^\*\*(.+?)\*\*[^\n]*\n\n([^]*)\n\n(.+) UTC · ts:[0-9a-f]{16}$/;

function commentHtml(text: string): string {
  const [, who = '', said = text, at = ''] = AS_WRITTEN.exec(text) ?? [];
  return `<p dir="auto"><u>${escaped(who)}</u>${shortened(said.trim(), 160)}</p><small>${escaped(at)}</small>`;
}

const counted = (count: number, one: string): string[] => (count === 0 ? [] : [`${count} ${one}${count === 1 ? '' : 's'}`]);

function cardHtml(store: TrelloStore, card: StoredCard): string {
  const value = (name: string, unit = ''): string => {
    const text = store.valueOf(card, name);
    return text === undefined ? '' : `<em title="${name}">${escaped(text)}${unit}</em>`;
  };
  const last = card.comments.at(-1);
  const counts = [...counted(card.comments.length, 'comment'), ...counted(card.attachments.length, 'file')].join(', ');
  const answered = value('First Response Time', ' s to respond');
  return `<article><b dir="auto">${shortened(card.name, 90)}</b>${value('Ticket Status')}${answered}<small>Telegram ${escaped(store.valueOf(card, 'telegram_user_id') ?? '?')}${counts === '' ? '' : ` · ${counts}`}</small>${last === undefined ? '' : commentHtml(last.text)}</article>`;
}

function boardHtml(store: TrelloStore, board: StoredBoard): string {
  const cards = store.cardsOf(board).filter(({ closed }) => !closed);
  const lists = store.listsOf(board).map(({ id, name }) => {
    const inList = cards.filter(({ idList }) => idList === id).sort((a, b) => (a.id < b.id ? 1 : -1));
    const more = inList.length > MOST_CARDS ? `<small>and ${inList.length - MOST_CARDS} more</small>` : '';
    return `<section${inList.length === 0 ? ' class="none"' : ''}><h2>${escaped(name)} <span>(${inList.length})</span></h2>${inList.slice(0, MOST_CARDS).map((card) => cardHtml(store, card)).join('')}${more}</section>`;
  });
  return `<h1>${escaped(board.name)}: ${cards.length} cards</h1><main>${lists.join('')}</main>`;
}

export function pageOf(store: TrelloStore): string {
  const boards = [...store.boards.values()].map((board) => boardHtml(store, board));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Boards</title><style>${style}</style>${boards.join('')}</html>`;
}
