import { describe, expect, it } from 'vitest';
import { checkNames, checkReading, type Readable } from './reading.ts';

const readable: Readable = {
  database: 'queue', open: new Set(['queue.tickets', 'queue.backlog_as_of', 'system.one']), closed: new Set(['queue.timeline', 'config.agent_name']),
  functions: { open: new Set(['plus', 'sum', 'count']), closed: new Set(['dictGet', 'file']), openInAnyCase: new Set(['sum', 'count']), closedInAnyCase: new Set(), combinators: ['If', 'State'], aggregates: new Set(['sum', 'count']) },
};
const check = (...lines: string[]): void => checkReading(lines.join('\n'), readable);
const from = (node: string): string[] => ['QUERY id: 0', '  PROJECTION', '    LIST id: 1, nodes: 1', '      MATCHER id: 2, matcher_type: ASTERISK', '  JOIN TREE', `    ${node}`];
const selecting = (node: string): string[] => ['QUERY id: 0', '  PROJECTION', '    LIST id: 1, nodes: 1', `      ${node}`, '  JOIN TREE', '    IDENTIFIER id: 9, identifier: system.one'];

describe('what the engine says a statement reads', () => {
  it('is let through when all of it is known', () => {
    check(...from('IDENTIFIER id: 3, alias: t, identifier: queue.tickets'));
    check(...from('IDENTIFIER id: 3, identifier: tickets'));
    check(...from('TABLE_FUNCTION id: 3, table_function_name: backlog_as_of'));
    for (const name of ['plus', 'SUM', 'sumIf', 'countIfState']) check(...selecting(`FUNCTION id: 3, function_name: ${name}, function_type: ordinary`));
    check(...selecting('FUNCTION id: 3, alias: a, function_name: f, function_type: ordinary'), '  WITH', '    LIST id: 5, nodes: 1', '      LAMBDA id: 6, alias: f');
  });

  it.each([
    ['another table', from('IDENTIFIER id: 3, identifier: queue.timeline')],
    ['a table of the database that the session is in', from('IDENTIFIER id: 3, identifier: timeline')],
    ['a table that nobody knows', from('IDENTIFIER id: 3, identifier: queue.new')],
    ['a table where a value can stand', selecting('IDENTIFIER id: 3, identifier: config.agent_name')],
    ['a table by the name of a query beside it', [...from('IDENTIFIER id: 3, identifier: timeline'), '  WITH', '    QUERY id: 5, is_cte: 1, cte_name: timeline']],
    ['a table function', from('TABLE_FUNCTION id: 3, table_function_name: merge')],
    ['a closed function', selecting('FUNCTION id: 3, function_name: dictGet, function_type: ordinary')],
    ['a closed function under an alias that looks like another', selecting('FUNCTION id: 3, alias: x function_name: plus, function_name: file, function_type: ordinary')],
    ['a closed function that a lambda is called like', [...selecting('FUNCTION id: 3, function_name: dictGet, function_type: ordinary'), '  WITH', '    LIST id: 5, nodes: 1', '      LAMBDA id: 6, alias: dictGet']],
    ['a closed function without its call', selecting('IDENTIFIER id: 3, identifier: dictGet')],
    ['a function that nobody knows', selecting('FUNCTION id: 3, function_name: brandNew, function_type: ordinary')],
    ['an alias that has a filter of its own', from('IDENTIFIER id: 3, alias: queue.timeline, identifier: queue.tickets')],
    ['PREWHERE', [...from('IDENTIFIER id: 3, identifier: queue.tickets'), '  PREWHERE', '    CONSTANT id: 4, constant_value: UInt64_1']],
    ['settings', [...from('IDENTIFIER id: 3, identifier: queue.tickets'), '  SETTINGS readonly=0']],
    ['a line of a later engine', [...from('IDENTIFIER id: 3, identifier: queue.tickets'), '  BRAND NEW']],
    ['a node of a later engine', from('TABLE id: 3, table_name: queue.tickets')],
  ])('is refused with %s', (_, lines) => {
    expect(() => check(...lines)).toThrow(/^Code: (?:46|60|497)\./);
  });
});

it('names that would make that answer say something else are refused, and parameters for names', () => {
  checkNames('SELECT 1 AS `Number of tickets`, \'a, identifier: b\' FROM queue.tickets WHERE x = {p:String}');
  for (const sql of ['SELECT 1 AS `a, identifier: b`', 'SELECT 1 AS "a\\nJOIN TREE"', 'SELECT 1 AS `a\\x2c b`', 'SELECT * FROM {t:Identifier}', 'SELECT * FROM { t : Identifier }']) {
    expect(() => checkNames(sql), sql).toThrow(/^Code: 497\./);
  }
});
