// What a statement may not do to the machine that runs the engine. The engine's own grants
// (engine-config.ts) refuse most of it: files, URLs, other databases. They leave gaps, since
// chDB takes itself for clickhouse-local, whose user owns the machine: the function file(),
// executable dictionaries, settings that name files. Those are refused here, by the engine's
// own reading of the statement (formatQuery), in which every name is spelt in one way only.
// Functions that the grants do refuse are named here too: some act before they ask (sqlite()
// makes its file).
import { failure } from '../errors.ts';
import { tokensOf } from '../tokens.ts';
import type { Token } from '../tokens.ts';

/** What a statement needs of the machine: the paths that it gives to file(). */
export interface Needs { readonly paths: readonly string[]; readonly queries: readonly string[] }

export const SWITCH = 'CLICKHOUSE_EXTERNAL_ACCESS';

const OUTSIDE_CALLS = [
  'executable', 'catboostEvaluate', 'arrowstream', 'disk', 'filesystem', 'sqlite', 'eval', 'url', 'remote', 'remoteSecure', 'mysql', 'postgresql', 'mongodb', 'redis',
  'jdbc', 'odbc', 'gcs', 'cosn', 'oss', 's3', 'hdfs', 'hudi', 'ytsaurus', 'cluster', 'azureBlobStorage\\w*', 'iceberg\\w*', 'deltaLake\\w*', 'paimon\\w*', '\\w+Cluster', '\\w+Local', 'clusterAllReplicas',
].join('|');
/** Their arguments hold declarations of columns, whose defaults are expressions. */
const DECLARING_CALLS = 'file|format|null|generateRandom|input|fuzzJSON';
/** A parenthesis, or a comment before it, after blanks of any alphabet and the end of a quoted name. */
const OPENS = String.raw`[^\w]*?(?:\(|--|/\*|//|#)`;

/** Their values are expressions, which the engine evaluates with the rights of the query. */
const EXPRESSION_SETTING = 'additional_table_filters|additional_result_filter|parallel_replicas_custom_key';

/**
 * Statements without these can't do harm that the grants don't see, however they are written:
 * names and keywords can be spelt with escapes in quoted identifiers only.
 */
const SUSPICIOUS = [
  /\b(?:file|catboostEvaluate|outfile|infile|backup|restore|create|attach|replace|role|exists|ssd_cache|\w*_ssd_cache|\w*values_(?:interpret_expressions|deduce_templates)\w*)\b/i,
  new RegExp(String.raw`\b(?:${OUTSIDE_CALLS}|${DECLARING_CALLS})\b${OPENS}`, 'i'),
  new RegExp(EXPRESSION_SETTING, 'i'),
  /;[\s\S]*\S/,
];

export function isSuspicious(sql: string): boolean {
  return SUSPICIOUS.some((pattern) => pattern.test(sql)) || (sql.includes('\\') && /[`"]/.test(sql));
}

const IS_OUTSIDE_CALL = new RegExp(`^(?:${OUTSIDE_CALLS})$`);
const IS_DECLARING_CALL = new RegExp(`^(?:${DECLARING_CALLS})$`);
const IS_EXPRESSION_SETTING = new RegExp(`^(?:${EXPRESSION_SETTING})$`, 'i');
const ENGINES = /^(?:\w*MergeTree|Memory|Null|Log|TinyLog|StripeLog|Set|Join|Buffer|View|MaterializedView|WindowView|Merge|Dictionary|GenerateRandom|KeeperMap|Alias|TimeSeries|Atomic|Ordinary|Lazy)$/;
const DEFAULTS = /\b(?:DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL)\b/i;
const DEFINING_VERBS = new Set(['CREATE', 'ATTACH', 'REPLACE']);
const EXPRESSIONS_IN_VALUES = /values_(?:interpret_expressions|deduce_templates)/;

export function refusal(what: string): Error {
  return failure(497, 'ACCESS_DENIED', `${what} is not allowed: it reaches files, programs or the network of the machine. Files in the folder user_files can be used by file('name', …); ${SWITCH}=on allows the rest.`);
}

/**
 * A filter given as a setting: refused if it holds anything that would have to be looked at closer, for it is
 * text within text, whose escapes may spell other names. Escaped quotes are what strings in it need.
 */
export function checkSetting(name: string, value: string): void {
  if (!IS_EXPRESSION_SETTING.test(name)) return;
  if (isSuspicious(value) || /\\[^'\\]/.test(value)) throw refusal(`What the setting ${name} holds`);
}

function isString(token: Token): boolean {
  return token.text.startsWith("'");
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' };

/** The bytes of a string literal, or of a quoted identifier, as the engine writes them. */
export function unquoted(text: string): string {
  if (!/^['"`]/.test(text)) return text;
  return text.slice(1, -1).replace(/\\(x[0-9A-Fa-f]{2}|[\s\S])/g, (_, escape: string) =>
    escape.length === 3 ? String.fromCharCode(Number.parseInt(escape.slice(1), 16)) : ESCAPES[escape] ?? escape);
}

function nameOf(token: Token | undefined): string {
  return token === undefined || isString(token) ? '' : unquoted(token.text);
}

/** Tokens of the parentheses that open at this index, by argument. */
function argumentsAt(tokens: readonly Token[], open: number): Token[][] {
  const depth = tokens[open]?.depth ?? 0;
  const lists: Token[][] = [];
  let list: Token[] = [];
  for (const token of tokens.slice(open + 1)) {
    const closes = token.text === ')' && token.depth === depth;
    if (closes || (token.text === ',' && token.depth === depth + 1)) {
      if (list.length > 0) lists.push(list);
      list = [];
    } else list.push(token);
    if (closes) return lists;
  }
  return lists;
}

/** format('{} …', …) builds a string; format(CSV, …) reads one as a table. */
function buildsString(name: string, lists: readonly (readonly Token[])[]): boolean {
  const first = lists[0]?.length === 1 ? lists[0][0] : undefined;
  return name === 'format' && first !== undefined && isString(first) && first.text.includes('{');
}

function checkDeclarations(name: string, lists: readonly (readonly Token[])[]): void {
  lists.forEach((list, index) => {
    const only = list.length === 1 ? list[0] : undefined;
    if (only === undefined) throw refusal(`${name}() with an argument that is not a plain literal`);
    const isData = name === 'format' && index === lists.length - 1;
    if (!isData && DEFAULTS.test(unquoted(only.text))) throw refusal(`A default expression in the structure of ${name}()`);
  });
}

function pathOf(lists: readonly (readonly Token[])[]): string {
  const [first] = lists;
  const only = first?.length === 1 ? first[0] : undefined;
  if (only === undefined || !isString(only)) throw refusal('file() without a string literal for its path');
  return unquoted(only.text);
}

/** SOURCE(CLICKHOUSE(QUERY '…')) of this engine itself is the only one that stays inside; its texts are queries too. */
function checkSource(tokens: readonly Token[], at: number): string[] {
  const kind = nameOf(tokens[at + 2]).toUpperCase();
  if (kind === 'NULL') return [];
  if (kind !== 'CLICKHOUSE') throw refusal(`A dictionary with SOURCE(${kind})`);
  const queries: string[] = [];
  const inside = argumentsAt(tokens, at + 3).flat();
  inside.forEach((token, index) => {
    const key = nameOf(inside[index - 1]).toUpperCase();
    if (/^(?:HOST|PORT|SECURE|NAME)$/.test(token.word)) throw refusal(`A dictionary whose source has ${token.word}`);
    if (!isString(token)) return;
    const value = unquoted(token.text);
    if (key === 'QUERY' || key === 'INVALIDATE_QUERY') queries.push(value);
    else if (key === 'WHERE') queries.push(`SELECT 1 WHERE ${value}`);
    else if (key !== 'PASSWORD' && !/^[\w.]*$/.test(value)) throw refusal(`A dictionary whose source has ${key} ${token.text}`);
  });
  return queries;
}

/** `database.name`. In `default` every file of the machine is a table, which this statement opens without asking for a grant: from then on it can be written to. */
function isOfOwnDatabase([database, dot]: readonly Token[]): boolean {
  return dot?.text === '.' && !['', '{', 'default'].includes(nameOf(database));
}

function checkVerb(tokens: readonly Token[]): void {
  const [verb = '', next = '', third = ''] = tokens.map(({ word }) => word);
  if (verb === 'BACKUP' || verb === 'RESTORE') throw refusal(verb);
  if (verb === 'EXISTS' && next === 'DICTIONARY' && !isOfOwnDatabase(tokens.slice(2))) throw refusal('EXISTS DICTIONARY without the name of a database other than default');
  if (verb === 'SET' && (next === 'ROLE' || (next === 'DEFAULT' && third === 'ROLE'))) throw failure(48, 'NOT_IMPLEMENTED', 'Roles need a ClickHouse server; the local engine has one user.');
}

/** In one statement a setting ends where the next begins, so whatever texts follow are taken for its own. */
function checkLaterTexts(setting: string, tokens: readonly Token[]): void {
  for (const token of tokens) if (isString(token)) checkSetting(setting, unquoted(token.text));
  const isParameter = ({ text }: Token, index: number): boolean => text === '{' && /^\w/.test(tokens[index + 1]?.text ?? '') && tokens[index + 2]?.text === ':';
  if (tokens.some(isParameter)) throw refusal(`A parameter in the setting ${setting}`);
}

/** A table that is named like a file is that file, for an engine that takes itself for clickhouse-local. */
function checkTableName(token: Token): void {
  const name = unquoted(token.text);
  if (/^[`"]/.test(token.text) && (name.startsWith('/') || name.includes('..'))) throw refusal(`A table named ${token.text}`);
}

/** Takes the statement in the engine's own spelling, whose calls have no blank before the parenthesis. */
export function needsOf(canonical: string): Needs {
  const tokens = [...tokensOf(canonical)];
  checkVerb(tokens);
  const defines = DEFINING_VERBS.has(tokens[0]?.word ?? '');
  const paths: string[] = [];
  const queries: string[] = [];
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const previous = tokens[index - 1];
    const name = nameOf(token);
    if (token.text === 'OUTFILE' && previous?.text === 'INTO') throw refusal('INTO OUTFILE');
    if (token.text === 'INFILE' && previous?.text === 'FROM') throw refusal('FROM INFILE');
    if (EXPRESSIONS_IN_VALUES.test(name)) throw refusal(`The setting ${name}`);
    if (IS_EXPRESSION_SETTING.test(name)) checkLaterTexts(name, tokens.slice(index + 1));
    if (defines && /^(?:COMPLEX_KEY_)?SSD_CACHE$/i.test(name)) throw refusal(`LAYOUT(${name})`);
    if (defines && token.text === 'ENGINE' && next?.text === '=' && !ENGINES.test(nameOf(tokens[index + 2]))) throw refusal(`ENGINE = ${nameOf(tokens[index + 2])}`);
    if (defines && token.text === 'SOURCE' && next?.text === '(') queries.push(...checkSource(tokens, index));
    if (previous?.text === 'APPLY' && (IS_OUTSIDE_CALL.test(name) || name === 'file')) throw refusal(`APPLY ${name}`);
    if (next?.text !== '(' || next.start !== token.end || name === '') return;
    if (IS_OUTSIDE_CALL.test(name)) throw refusal(`${name}()`);
    if (!IS_DECLARING_CALL.test(name)) return;
    const lists = argumentsAt(tokens, index + 1);
    if (buildsString(name, lists)) return;
    checkDeclarations(name, lists);
    if (name === 'file') paths.push(pathOf(lists));
  });
  // EXISTS would tell which files there are.
  if (defines || paths.length > 0 || tokens[0]?.word === 'EXISTS') tokens.forEach(checkTableName);
  if (defines || paths.length > 0) {
    if (/:\s*Identifier\s*\}/.test(canonical)) throw refusal('A name given as a parameter, in this statement,');
  }
  return { paths, queries };
}
