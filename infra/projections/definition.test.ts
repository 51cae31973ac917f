import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { readStatements } from './statements.ts';
import { definitionOf, shadowStatements } from './definition.ts';
import { duration, Progress } from '../rebuild/progress.ts';

const folder = mkdtempSync(join(tmpdir(), 'definition-'));
afterAll(() => rmSync(folder, { recursive: true }));

const projection: Projection = { name: 'desk', database: 'desk', facts: ['facts'], timeline: true };

const sql = `-- Shared words.
CREATE OR REPLACE FUNCTION is_done AS (status) -> status = 'done';
CREATE OR REPLACE FUNCTION is_late AS (hours) -> hours > 8;
CREATE TABLE IF NOT EXISTS {database}.timeline (id String COMMENT 'A ticket''s id.') ENGINE = MergeTree ORDER BY id;
CREATE OR REPLACE VIEW {database}.steps AS SELECT id, is_done(status) AS done FROM {database}.timeline;
CREATE TABLE IF NOT EXISTS {database}.facts (id String COMMENT 'Ticket.', done UInt8) ENGINE = MergeTree ORDER BY id;
CREATE OR REPLACE VIEW {database}.facts_of AS SELECT id, max(done) AS done FROM {database}.steps GROUP BY id COMMENT 'The definition.';
CREATE OR REPLACE VIEW {database}.tickets AS SELECT *, is_late(1) AS late FROM {database}.facts;
`;

const statementsOf = (text: string): ReturnType<typeof readStatements> => {
  const file = join(folder, 'desk.sql');
  writeFileSync(file, text);
  return readStatements([file], []);
};
const hash = (text: string): string => definitionOf(statementsOf(text), projection);

test('the definition changes with whatever the facts rest on, however far away', () => {
  expect(hash(sql.replace("status = 'done'", "status IN ('done', 'solved')"))).not.toBe(hash(sql));
  expect(hash(sql.replace('max(done)', 'min(done)'))).not.toBe(hash(sql));
  expect(hash(sql.replace('done UInt8', 'done UInt64'))).not.toBe(hash(sql));
});

test('the definition does not change with words, layout, or views that only show the facts', () => {
  expect(hash(sql.replace('Shared words', 'Words').replace("'The definition.'", "'It''s the definition.'").replace('FROM {database}.steps', '\n    FROM {database}.steps'))).toBe(hash(sql));
  expect(hash(sql.replace('late FROM', 'is_late FROM').replace('hours > 8', 'hours > 9'))).toBe(hash(sql));
});

test('the database beside has facts and views of its own, and reads the live timeline', () => {
  const shadow = shadowStatements(statementsOf(sql), projection, 'desk_next').join('\n');
  expect(shadow).toMatch(/VIEW desk_next\.steps AS SELECT id, is_done\(status\) AS done FROM desk\.timeline/);
  expect(shadow).toMatch(/TABLE IF NOT EXISTS desk_next\.facts/);
  expect(shadow).toMatch(/VIEW desk_next\.tickets .* FROM desk_next\.facts/);
  expect(shadow).not.toMatch(/TABLE IF NOT EXISTS desk\.timeline|FUNCTION/);
});

test('progress says the rate of this run, and how long it takes from here', () => {
  const lines: string[] = [];
  let now = 0;
  const progress = new Progress('built', { total: 10_000, before: 4_000 }, { write: (text) => lines.push(text) }, () => now);
  now = 4_000;
  progress.step(2_000);
  expect(lines).toStrictEqual(['built 6,000 of 10,000 tickets (60 %) · 500/s · 8 s to go\n']);
  expect(duration(75)).toBe('1 m 15 s');
});
