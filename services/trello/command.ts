// npm run trello -- check | setup | dry-run: what the board needs, and making it.
import type { DestinationCommand, Finding } from '../destinations/command.ts';
import type { Place } from '../destinations/consumer.ts';
import { statusKey, type Category } from '../ticket/desk/status.ts';
import { Board, defaultLists, fieldsOfOurs } from './board.ts';
import { consumer } from './consumer.ts';
import { section, type TrelloSection } from './section.ts';

/** The lists that the section means: configured ones, and the usual one for each category that has none. */
function wantedLists({ section: { lists = {} } }: Board): string[] {
  const configured = new Set(Object.keys(lists).map(statusKey));
  const usual = (Object.keys(defaultLists) as Category[]).filter((category) => !configured.has(statusKey(category))).map((category) => defaultLists[category]);
  return [...new Set([...Object.values(lists), ...usual])];
}

async function missingLists(board: Board): Promise<string[]> {
  const there = await board.trello.lists(await board.id());
  return wantedLists(board).filter((wanted) => !there.some(({ id, name }) => id === wanted || statusKey(name) === statusKey(wanted)));
}

const SETUP = 'npm run trello -- setup makes it';

async function check(place: Place<TrelloSection>): Promise<Finding[]> {
  const board = new Board(place);
  const me = await board.trello.me();
  const there = await board.trello.board(place.section.board);
  const seen: Finding[] = [{ what: `key and token: member ${me.username}`, todo: null }, { what: `board "${there.name}"`, todo: there.closed ? 'it is closed: reopen it, or name another' : null }];
  if (there.closed) return seen;
  const missing = await missingLists(board);
  const fields = await board.fields();
  const members = await Promise.all(Object.entries(place.section.members ?? {}).map(async ([agentId, name]): Promise<Finding> =>
    ({ what: `member ${name} for agent ${agentId}`, todo: (await board.memberOf(agentId)) === null ? 'invite them to the board, or correct the name' : null })));
  return [
    ...seen,
    ...wantedLists(board).map((list): Finding => ({ what: `list "${list}"`, todo: missing.includes(list) ? `${SETUP}; without it, cards of that status stay where they are` : null })),
    ...Object.entries(fieldsOfOurs).map(([key, { name, type }]): Finding => {
      const field = [...fields].find(([known]) => known === key)?.[1];
      if (field === undefined) return { what: `custom field "${name}"`, todo: `enable custom fields on the board; ${SETUP}` };
      return { what: `custom field "${name}"`, todo: field.type === 'text' || field.type === 'number' ? null : `it is of type ${field.type}: rename or delete it, it has to be ${type}` };
    }),
    ...members,
  ];
}

async function setup(place: Place<TrelloSection>): Promise<Finding[]> {
  const board = new Board(place);
  const id = await board.id();
  const made: Finding[] = [];
  for (const list of await missingLists(board)) {
    await board.trello.createList(id, list);
    made.push({ what: `made list "${list}"`, todo: null });
  }
  const fields = await board.fields();
  for (const [key, field] of Object.entries(fieldsOfOurs)) {
    if ([...fields.keys()].some((known) => known === key)) continue;
    await board.trello.createField(id, field);
    made.push({ what: `made custom field "${field.name}"`, todo: null });
  }
  return made.length === 0 ? [{ what: 'nothing is missing', todo: null }] : made;
}

export const command = { consumer, section, check, setup } satisfies DestinationCommand<TrelloSection>;
