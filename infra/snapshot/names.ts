// What a snapshot may be called, and what its databases are called: `monday_queue`, `monday_agents`, and `monday_config` for
// the desk that it is under. Functions are global in ClickHouse, so those that ask the desk are called `monday_…`, too.
import { Refused } from '../target/refused.ts';

const SHAPE = /^[a-z][a-z0-9_]*$/;
const LONGEST = 40;

/** @throws Refused for a name that could not be written in SQL as it is. */
export function checkName(name: string): void {
  if (!SHAPE.test(name)) throw new Refused(`"${name}" can't be the name of a snapshot: it becomes a part of database names, so it begins with a letter and goes on with letters, digits and _, all in lower case, e.g. last_monday`);
  if (name.length > LONGEST) throw new Refused(`"${name}" can't be the name of a snapshot: it has ${name.length} characters, at most ${LONGEST} are possible`);
}

export const ownName = (snapshot: string, liveName: string): string => `${snapshot}_${liveName}`;

/** What the databases of a snapshot say about themselves, so that nothing else is ever taken for one, or dropped as one. */
export const commentOf = (snapshot: string): string => `Snapshot ${snapshot}. npm run snapshot -- list tells more.`;

/** Which snapshot a database belongs to by its comment; null for any other database. */
export const snapshotOf = (comment: string): string | null => /^Snapshot (\w+)\. npm run snapshot/.exec(comment)?.[1] ?? null;
