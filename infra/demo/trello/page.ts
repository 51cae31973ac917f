// The boards as a page, for people: lists side by side, cards in them, the last comment of each. It loads itself again.
import type { StoredBoard, StoredCard, TrelloStore } from './store.ts';

const MOST_CARDS = 40;
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const shortened = (text: string, length: number): string => escaped(text.length > length ? `${text.slice(0, length)}…` : text);

const style = `body{font:14px system-ui,sans-serif;background:#0b5394;color:#172b4d;margin:12px}h1{color:#fff;font-size:18px}
main{display:flex;gap:10px;align-items:flex-start;overflow-x:auto}section{background:#ebecf0;border-radius:8px;padding:8px;width:250px;flex:none}
h2{font-size:14px;margin:2px 4px 8px}article{background:#fff;border-radius:6px;padding:6px 8px;margin-bottom:8px;box-shadow:0 1px 1px #0003;overflow-wrap:anywhere}
small{color:#5e6c84;display:block}b{font-weight:600}i{color:#5e6c84;font-style:normal;display:block;margin-top:4px}`;

function cardHtml(store: TrelloStore, card: StoredCard): string {
  const facts = ['Ticket Status', 'First Response Time', 'telegram_user_id'].flatMap((name) => {
    const value = store.valueOf(card, name);
    return value === undefined ? [] : [`${name}: ${escaped(value)}${name === 'First Response Time' ? ' s' : ''}`];
  });
  const last = card.comments.at(-1);
  return `<article><b>${shortened(card.name, 90)}</b><small>${facts.join(' · ')}</small><small>${card.comments.length} comments, ${card.attachments.length} files</small>${last === undefined ? '' : `<i>${shortened(last.text, 160)}</i>`}</article>`;
}

function boardHtml(store: TrelloStore, board: StoredBoard): string {
  const cards = store.cardsOf(board).filter(({ closed }) => !closed);
  const lists = store.listsOf(board).map(({ id, name }) => {
    const inList = cards.filter(({ idList }) => idList === id).sort((a, b) => (a.id < b.id ? 1 : -1));
    const more = inList.length > MOST_CARDS ? `<small>and ${inList.length - MOST_CARDS} more</small>` : '';
    return `<section><h2>${escaped(name)} (${inList.length})</h2>${inList.slice(0, MOST_CARDS).map((card) => cardHtml(store, card)).join('')}${more}</section>`;
  });
  return `<h1>${escaped(board.name)}: ${cards.length} cards</h1><main>${lists.join('')}</main>`;
}

export function pageOf(store: TrelloStore): string {
  const boards = [...store.boards.values()].map((board) => boardHtml(store, board));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Boards</title><style>${style}</style>${boards.join('')}</html>`;
}
