// How a person is called by whoever may not know who they are: the same in SQL and in Node, different for each key, and not to
// be turned back without it. A pseudonym stands for itself, so that what is shown through two doors is one name.
import { createHash } from 'node:crypto';

/** 32 bits: of a thousand people two get one name in one of eight thousand installations. */
const LENGTH = 8;
const PSEUDONYM = `^Agent [0-9A-F]{${LENGTH}}$`;

export const pseudonymOf = (key: string, id: string): string =>
  (id === '' || new RegExp(PSEUDONYM).test(id) ? id : `Agent ${createHash('sha256').update(key + id).digest('hex').toUpperCase().slice(0, LENGTH)}`);

/** The same as an expression of ClickHouse, of two expressions. NULL stays NULL. */
export const pseudonymSql = (key: string, id: string): string =>
  `if(${id} = '' OR match(${id}, '${PSEUDONYM}'), ${id}, concat('Agent ', substring(hex(SHA256(concat(${key}, ${id}))), 1, ${LENGTH})))`;
