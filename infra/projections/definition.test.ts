import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { codeOf, codeOfFile } from '../../services/runtime/projection/computed-by.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { readStatements } from './statements.ts';
import { definitionOf, shadowStatements } from './definition.ts';

const folder = mkdtempSync(join(tmpdir(), 'definition-'));
afterAll(() => rmSync(folder, { recursive: true }));

const projection: Projection = { name: 'desk', database: 'desk', facts: ['facts'], timeline: true };

const sql = `-- Shared words.
CREATE OR REPLACE FUNCTION is_late AS (hours) -> hours > 8;
CREATE TABLE IF NOT EXISTS {database}.timeline (id String COMMENT 'A ticket''s id.') ENGINE = MergeTree ORDER BY id;
CREATE TABLE IF NOT EXISTS {database}.facts (id String COMMENT 'Ticket.', done UInt8) ENGINE = MergeTree ORDER BY id;
CREATE OR REPLACE VIEW {database}.tickets AS SELECT *, is_late(1) AS late FROM {database}.facts;
`;

const statementsOf = (text: string): ReturnType<typeof readStatements> => {
  const file = join(folder, 'desk.sql');
  writeFileSync(file, text);
  return readStatements([file], []);
};
const hash = (text: string, code = 'c0de'): string => definitionOf(code, statementsOf(text), projection);

describe('the definition', () => {
  it('changes with the code and with the columns of its table', () => {
    expect(hash(sql, 'c0de2')).not.toBe(hash(sql));
    expect(hash(sql.replace('done UInt8', 'done UInt64'))).not.toBe(hash(sql));
  });

  it('does not change with words, layout, or views that only show the facts', () => {
    expect(hash(sql.replace('Shared words', 'Words').replace("'Ticket.'", "'It''s the ticket.'").replace('done UInt8', '\n    done UInt8'))).toBe(hash(sql));
    expect(hash(sql.replace('AS late', 'AS is_late').replace('hours > 8', 'hours > 9'))).toBe(hash(sql));
  });
});

describe('the code of a projection', () => {
  const services = fileURLToPath(new URL('../../services', import.meta.url));
  const copy = join(folder, 'services');
  mkdirSync(copy);
  for (const part of ['ticket', 'runtime', 'queue-analytics']) cpSync(join(services, part), join(copy, part), { recursive: true });
  const code = (): string => codeOfFile(join(copy, 'queue-analytics', 'projection.ts'));

  /** The code with this file changed, which is put back. */
  function codeWith(file: string, search: string, replacement: string): string {
    const text = readFileSync(join(copy, file), 'utf8');
    expect(text).toContain(search);
    writeFileSync(join(copy, file), text.replace(search, replacement));
    const changed = code();
    writeFileSync(join(copy, file), text);
    return changed;
  }

  it('is the same wherever it lies', () => {
    expect(code()).toBe(codeOf('queue-analytics'));
    expect(code()).not.toBe(codeOf('agent-analytics'));
  });

  it.each([
    ['what is kept of a story', 'queue-analytics/facts.ts', 'stations: story.stations', 'stations: [...story.stations].reverse()'],
    ['what the events mean, however far away', 'ticket/desk/business-clock.ts', 'export const END_OF_TIME = Date.UTC(2106', 'export const END_OF_TIME = Date.UTC(2107'],
    ['what is read of them', 'ticket/reading/timeline.ts', "'actor_type', ", "'actor_id', "],
  ])('changes with %s', (_, file, search, replacement) => {
    expect(codeWith(file, search, replacement)).not.toBe(code());
  });

  it.each([
    ['comments', 'queue-analytics/facts.ts', '// What the queue', '// Words. What the queue'],
    ['layout', 'queue-analytics/facts.ts', 'export function', '\n\n\nexport function'],
    ['types', 'queue-analytics/facts.ts', 'type Instant = number', 'type Instant = 1 | number'],
    ['the runtime, which only carries it', 'runtime/clickhouse.ts', 'request_timeout: LONGEST_WAIT_MS', 'request_timeout: 1'],
  ])('does not change with %s', (_, file, search, replacement) => {
    expect(codeWith(file, search, replacement)).toBe(code());
  });
});

it('the database beside has facts and views of its own, and reads the live timeline', () => {
  const withDefinition = `${sql}CREATE OR REPLACE VIEW {database}.events AS SELECT id FROM {database}.timeline;\n`;
  const shadow = shadowStatements(statementsOf(withDefinition), projection, 'desk_next').join('\n');
  expect(shadow).toMatch(/VIEW desk_next\.events AS SELECT id FROM desk\.timeline/);
  expect(shadow).toMatch(/TABLE IF NOT EXISTS desk_next\.facts/);
  expect(shadow).toMatch(/VIEW desk_next\.tickets .* FROM desk_next\.facts/);
  expect(shadow).not.toMatch(/TABLE IF NOT EXISTS desk\.timeline|FUNCTION/);
});
