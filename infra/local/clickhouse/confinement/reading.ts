// What a statement of an analyst reads, and whether it may. The engine says what it reads: EXPLAIN QUERY TREE gives
// the statement as it is understood before anything of it is resolved or run. Here each line of that answer has to be
// one that is known, each table a view that the analyst may name, each function one that computes from its
// arguments alone. Whatever isn't known is refused.
import { failure } from '../errors.ts';
import { tokensOf } from '../tokens.ts';
import { unquoted } from './rules.ts';

/** What may be named, of what is there. */
export interface Readable {
  readonly database: string;
  /** `database.name` of what may be read; and of everything else that there is. */
  readonly open: ReadonlySet<string>;
  readonly closed: ReadonlySet<string>;
  readonly functions: Functions;
}

export interface Functions {
  /** Case counts. */
  readonly open: ReadonlySet<string>;
  readonly closed: ReadonlySet<string>;
  /** In lower case. */
  readonly openInAnyCase: ReadonlySet<string>;
  readonly closedInAnyCase: ReadonlySet<string>;
  /** Aggregate functions take these at their end: sumIf. */
  readonly combinators: readonly string[];
  readonly aggregates: ReadonlySet<string>;
}

const TABLE_FUNCTIONS = new Set(['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'generate_series', 'generateSeries', 'values']);
const NODE = /^ *(QUERY|UNION|LIST|MATCHER|FUNCTION|CONSTANT|IDENTIFIER|LAMBDA|TABLE_FUNCTION|WINDOW|SORT|INTERPOLATE|JOIN|CROSS JOIN|ARRAY_JOIN|(?:APPLY|REPLACE|EXCEPT) COLUMN TRANSFORMER) id: \d+(?:, (.*))?$/;
/** PREWHERE and SETTINGS are left out: the one sees rows before the tenant's filter does, the other changes the session. */
const HEADING = /^ *(?:WITH|PROJECTION|PROJECTION COLUMNS|JOIN TREE|(?:LEFT |RIGHT )?TABLE EXPRESSION|JOIN EXPRESSIONS?|ARGUMENTS|PARAMETERS|EXPRESSION(?: [\w.]+)?|INTERPOLATE_EXPRESSION|WHERE|HAVING|QUALIFY|GROUP BY|ORDER BY|PARTITION BY|WINDOW|FRAME (?:BEGIN|END) OFFSET|LIMIT|OFFSET|LIMIT BY(?: LIMIT| OFFSET)?|FILL (?:FROM|TO|STEP|STALENESS)|INTERPOLATE|QUERIES|REPLACEMENTS \d+|REPLACEMENT NAME [^,]+ EXPRESSION) *$/;
const TABLES = /^ *(?:JOIN TREE|(?:LEFT |RIGHT )?TABLE EXPRESSION) *$/;

export function unreadable(what: string): Error {
  return failure(497, 'ACCESS_DENIED', `Not enough privileges: ${what} is not for this user.`);
}

/** The same for what is not there and for what is not theirs. */
function unknownTable(name: string): Error {
  return failure(60, 'UNKNOWN_TABLE', `Unknown table expression identifier '${name}', or not a view that this user may read.`);
}

/**
 * Takes the statement in the engine's own spelling. A quoted name is shown in the tree as it is, so that a comma or a line
 * break in one could make it say what is not so; names given as parameters likewise.
 */
export function checkNames(canonical: string): void {
  for (const { text } of tokensOf(canonical)) {
    if (/^["`]/.test(text) && unquoted(text).split('').some((char) => char === ',' || char < ' ')) throw unreadable(`The name ${JSON.stringify(text)}`);
  }
  if (/:\s*Identifier\s*\}/i.test(canonical)) throw unreadable('A name given as a parameter');
}

interface Node { readonly kind: string; readonly of: string; readonly isTable: boolean }

const valueOf = (attributes: string, name: string): string | undefined => new RegExp(`(?:^|, )${name}: ([^,]*)`).exec(attributes)?.[1];

function nodesOf(tree: string): Node[] {
  let heading = '';
  return tree.split('\n').filter((line) => line !== '').flatMap((line) => {
    const node = NODE.exec(line);
    if (node === null && !HEADING.test(line)) throw unreadable(`This part of a query (${line.trim().split(' ')[0] ?? ''})`);
    const isTable = TABLES.test(heading);
    heading = line;
    return node === null ? [] : [{ kind: node[1] ?? '', of: node[2] ?? '', isTable }];
  });
}

function checkFunction(name: string, { functions }: Readable, own: ReadonlySet<string>): void {
  const lower = name.toLowerCase();
  const isClosed = functions.closed.has(name) || functions.closedInAnyCase.has(lower);
  const isOpen = functions.open.has(name) || functions.openInAnyCase.has(lower) || own.has(name);
  if (!isClosed && (isOpen || isCombined(name, functions))) return;
  if (isClosed) throw unreadable(`The function ${name}`);
  throw failure(46, 'UNKNOWN_FUNCTION', `Unknown function ${name}, or not one that this user may call.`);
}

function isCombined(name: string, { aggregates, combinators }: Functions): boolean {
  if (aggregates.has(name)) return true;
  return combinators.some((suffix) => name.length > suffix.length && name.endsWith(suffix) && isCombined(name.slice(0, -suffix.length), { aggregates, combinators } as Functions));
}

/** Every beginning that could be a table, of this database or of one that is named: `a`, `a.b`, `a.b.c` of `a.b.c`, since a name may hold dots. */
function tablesIn(identifier: string, database: string): string[] {
  const parts = identifier.split('.');
  return parts.flatMap((_, index) => {
    const beginning = parts.slice(0, index + 1).join('.');
    return [beginning, `${database}.${beginning}`];
  });
}

function checkIdentifier(name: string, readable: Readable): void {
  const closed = tablesIn(name, readable.database).find((table) => readable.closed.has(table));
  if (closed !== undefined) throw unknownTable(name);
  // A function that others are applied with may be named without a call.
  const { closed: closedOnes, closedInAnyCase } = readable.functions;
  if (closedOnes.has(name) || closedInAnyCase.has(name.toLowerCase())) throw unreadable(`The function ${name}`);
}

function checkTable(name: string, readable: Readable, shared: ReadonlySet<string>): void {
  const full = name.includes('.') ? name : `${readable.database}.${name}`;
  if (readable.open.has(full)) return;
  if (readable.closed.has(full) || !shared.has(name)) throw unknownTable(name);
}

/** @throws ClickHouseError for whatever is not known to be harmless. */
export function checkReading(tree: string, readable: Readable): void {
  const nodes = nodesOf(tree);
  const named = (kinds: readonly string[], attribute: string): ReadonlySet<string> => new Set(nodes.filter(({ kind }) => kinds.includes(kind)).flatMap(({ of }) => valueOf(of, attribute) ?? []));
  const queries = named(['QUERY', 'UNION'], 'cte_name');
  const lambdas = named(['LAMBDA'], 'alias');
  for (const { kind, of, isTable } of nodes) {
    const alias = valueOf(of, 'alias');
    // The engine would take the filter of that table for this one.
    if (alias !== undefined && (readable.open.has(alias) || readable.closed.has(alias))) throw unreadable(`The alias ${alias}`);
    if (kind === 'FUNCTION') checkFunction(valueOf(of, 'function_name') ?? '', readable, lambdas);
    if (kind === 'IDENTIFIER' && isTable) checkTable(valueOf(of, 'identifier') ?? '', readable, queries);
    if (kind === 'IDENTIFIER') checkIdentifier(valueOf(of, 'identifier') ?? '', readable);
    if (kind === 'TABLE_FUNCTION') {
      const name = valueOf(of, 'table_function_name') ?? '';
      if (!TABLE_FUNCTIONS.has(name)) checkTable(name, readable, new Set());
    }
  }
}
