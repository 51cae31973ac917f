import { expect, test } from 'vitest';
import { markOf } from '../../../services/destinations/marks.ts';
import { differences, type TicketRow } from './compare.ts';
import { objectId, TrelloStore, type StoredCard } from './store.ts';

const row: TicketRow = { integration_id: 'acme', ticket_id: 'T-1', status: 'open', first_response_seconds: '60', told: ['e1', 'e2'], untold: ['e3'], files: ['https://f/1'] };

function board(): { store: TrelloStore; card: StoredCard; comment: (event: string, part?: string) => void } {
  const store = new TrelloStore();
  const stored = store.addBoard('Support', { lists: ['New'] });
  const fields = new Map(['Ticket Status', 'First Response Time', 'Ticketstream'].map((name) => [name, store.addField(stored, name, 'text').id]));
  const [list] = store.listsOf(stored);
  expect.assert(list !== undefined);
  const card = store.addCard(list, 'T-1', '');
  for (const [name, text] of [['Ticket Status', 'open'], ['First Response Time', '60'], ['Ticketstream', '{"ticket":["acme","T-1"]}']] as const) card.values.set(fields.get(name) ?? '', { text });
  card.attachments.push({ id: objectId(), url: 'https://f/1', name: '' });
  const comment = (event: string, part = ''): void => void card.comments.push({ id: objectId(), text: `said\n${markOf(`acme/T-1/${event}`, part)}`, date: '' });
  for (const event of ['e1', 'e2']) comment(event);
  comment('e2', '1');
  return { store, card, comment };
}

test('cards that say what the views say differ in nothing; whatever is missing, twice, private or of nobody is found', () => {
  expect(differences(board().store, [row])).toStrictEqual([]);
  const broken = (change: (of: ReturnType<typeof board>) => void): string[] => {
    const made = board();
    change(made);
    return differences(made.store, [row]);
  };
  expect(broken(({ card }) => void card.comments.shift())).toStrictEqual(['acme/T-1: 1 comments are missing']);
  expect(broken(({ comment }) => comment('e1'))).toStrictEqual(['acme/T-1: 1 comments are there twice']);
  expect(broken(({ comment }) => comment('e3'))).toStrictEqual(['acme/T-1: 1 private notes are there']);
  expect(broken(({ comment }) => comment('e9'))).toStrictEqual(['acme/T-1: 1 comments are of no event']);
  expect(broken(({ card }) => void card.attachments.push({ id: objectId(), url: 'https://f/1', name: '' }))).toStrictEqual(['acme/T-1: 1 files differ']);
  expect(broken(({ store }) => store.cards.clear())).toStrictEqual(['acme/T-1: no card']);
  expect(broken(({ store, card }) => void store.cards.set('other', { ...card, id: 'other' }))).toStrictEqual(['acme/T-1: 2 cards']);
  expect(broken(({ store, card }) => void store.cards.set('other', { ...card, id: 'other', name: 'Of people', values: new Map() }))).toStrictEqual(['Of people: a card of no ticket']);
  expect(differences(board().store, [{ ...row, status: 'solved' }])).toStrictEqual(['acme/T-1: open, 60 instead of solved, 60']);
});
