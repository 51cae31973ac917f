// A window that orders its rows by something that two of them may share numbers and sums them as the sort likes: some
// hundred ties come out differently each time, and windows that build on each other then disagree. So each window of
// the SQL stands here with the reason why no two of its rows have the same place, or which place is which doesn't matter.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withoutComments } from '../../infra/projections/statements.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = ['services', 'infra'].flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.sql') && !file.includes('node_modules')).map((file) => join(folder, file)));

/** File: partition, order, frame; those without an order treat their rows alike. */
const ordered = files.flatMap((file) => [...withoutComments(readFileSync(join(root, file), 'utf8')).matchAll(/(?:\bOVER|\bAS)\s*\(\s*((?:PARTITION|ORDER)\s+BY[^()]*)\)/g)]
  .map(([, window = '']) => ({ file, window: window.replaceAll(/\s+/g, ' ').trim() }))
  .filter(({ window }) => window.includes('ORDER BY')));

/** The rows of a window by what its statement groups them by or reads them from. */
const uniqueBecause: Readonly<Record<string, string>> = {
  'infra/clickhouse/00-calendars.sql: PARTITION BY loaded_version, calendar_id ORDER BY from_time': 'clipped is grouped by them',
  'infra/clickhouse/00-calendars.sql: PARTITION BY loaded_version, calendar_id ORDER BY opened': 'united intervals are disjoint',
  'services/agent-analytics/04-sessions.sql: PARTITION BY integration_id, agent_id ORDER BY at, ticket_id, step_no': 'an action is a step of its ticket',
  'services/agent-analytics/04-sessions.sql: PARTITION BY integration_id, agent_id ORDER BY at, is_action': 'changes are grouped by instant; actions of one are the same in every column',
  'services/agent-analytics/05-hourly.sql: PARTITION BY integration_id, agent_id ORDER BY active_hour': 'by_hour is grouped by them',
  'services/queue-analytics/07-survival.sql: PARTITION BY integration_id ORDER BY elapsed_seconds': 'the curve is grouped by them',
  'services/queue-analytics/08-hourly.sql: PARTITION BY integration_id, queue_id ORDER BY active_hour': 'by_hour is grouped by them',
};

test('every window that orders its rows has a reason why it has no ties that matter', () => {
  const found = ordered.map(({ file, window }) => `${file}: ${window.replace(/ ROWS .*/, '')}`);
  expect([...new Set(found)].sort()).toStrictEqual(Object.keys(uniqueBecause).sort());
});

test('every window that orders its rows names its frame by rows, so that none sums over ties at once', () => {
  for (const { file, window } of ordered) expect(window, file).toMatch(/ ROWS BETWEEN /);
});
