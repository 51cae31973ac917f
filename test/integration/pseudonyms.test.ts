// An analyst who may not know who the agents are asks ClickHouse directly: every view, the ready questions, and whatever might
// get around the pseudonyms. Nothing that is answered may hold an agent's id, name or what was written.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesOf, parametersOf } from '../../infra/questions/examples.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { closeClients, landed, sendUntilAccepted, ticket } from '../system/support.ts';
import { access, added, ask, endpoint, given, root, type Login } from './clickhouse-users.ts';
import { agentAttempts, type Parameters } from './tenant-attempts.ts';

/** In whatever tells of the agents: ids, names, texts. */
const PERSON = `pq${randomUUID().slice(0, 8)}`;
const SNAPSHOT = `fair_${process.pid}`;
const [lea, tom] = [`${PERSON}_lea`, `${PERSON}_tom`];
const tickets = [1, 2, 3].map((number) => `TKT-FAIR-${process.pid}-${number}`);
const at = (minute: number): string => new Date(Date.UTC(2026, 10, 2, 9, minute)).toISOString();

let fair: Login;
let mira: Login;
const snapshot = (...args: string[]): Promise<unknown> => promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/snapshot/snapshot.ts', ...args]);

function story(ticketId: string) {
  const of = ticket(ticketId, 'acme');
  return [
    of.created(at(0), `for ${PERSON}`), of.assigned(at(1), { agent_id: tom, name: `Tom ${PERSON}`, group_id: 'billing' }), of.assigned(at(2), { agent_id: lea, name: `Lea ${PERSON}` }),
    of.message(at(3), { agent: lea }, `signed ${PERSON}`), of.status(at(4), 'new', 'solved', { type: 'agent', id: lea }),
  ];
}

beforeAll(async () => {
  await Promise.all(tickets.flatMap(story).map(sendUntilAccepted));
  [fair, mira] = [await added('fair', '--integration', 'acme', '--pseudonyms', '--queries', '8'), await added('nosy', '--integration', 'acme', '--queries', '8')];
  await Promise.all(tickets.map((id) => landed(id, 5)));
  await given(root, `INSERT INTO config.agent_names SELECT 0, 'acme', '${lea}', 'name of ${PERSON}'`);
  await given(root, 'SYSTEM RELOAD DICTIONARY config.agent_name');
  await given(root, "CREATE VIEW queue.of_agents AS SELECT integration_id, assignee_id, assignee_id AS told, [assignee_id] AS list, map('a', assignee_id) AS told_by_key, toInt64(length(assignee_id)) AS sender_telegram_user_id FROM queue.tickets");
  await snapshot('create', SNAPSHOT);
});

afterAll(async () => {
  await snapshot('drop', SNAPSHOT);
  await given(root, 'DROP VIEW queue.of_agents');
  await given(root, `ALTER TABLE config.agent_names DELETE WHERE agent_id = '${lea}' SETTINGS mutations_sync = 1`);
  for (const { name } of [fair, mira]) await access('remove', name);
  await closeClients();
});

const filled = (text: string): string => text.replaceAll('PERSON', PERSON).replaceAll('{snapshot}', SNAPSHOT).replaceAll('{ticket}', tickets[0] ?? '');
const leaked = (answer: string, question: string): string[] => answer.split(/[^\w]+/).filter((word) => word.includes(PERSON) && !question.includes(word));
async function views(): Promise<string[]> {
  const found = await given(root, `SELECT database || '.' || name FROM system.tables WHERE engine = 'View' AND empty(parameterized_view_parameters) AND database IN ('queue', 'agents', 'log', '${SNAPSHOT}_queue', '${SNAPSHOT}_agents')`);
  return found.split('\n');
}

describe('an analyst with pseudonyms', () => {
  it('reads every view, of a snapshot too, and finds nobody in it', async () => {
    const all = await views();
    expect(all.length).toBeGreaterThan(40);
    let seen = '';
    for (const view of all) {
      const [own, others] = await Promise.all([given(fair, `SELECT * FROM ${view} FORMAT JSONEachRow`), given(mira, `SELECT * FROM ${view} FORMAT JSONEachRow`)]);
      expect(leaked(own, ''), view).toStrictEqual([]);
      expect(own.split('\n').length, view).toBe(others.split('\n').length);
      seen += others;
    }
    expect(seen, 'somebody else sees them').toContain(lea);
  });

  it('asks every ready question as others do', async () => {
    const asked = connectClickHouse(Object.assign(new URL(endpoint), { username: fair.name, password: fair.password }).href);
    for (const file of readdirSync('infra/questions').filter((name) => name.endsWith('.sql'))) {
      const sql = readFileSync(`infra/questions/${file}`, 'utf8');
      expect(leaked(JSON.stringify(await asked.query(sql, parametersOf({ ...examplesOf(sql), integration: 'acme' }))), ''), file).toStrictEqual([]);
    }
    await asked.close();
  });

  it('counts the same for each of them, by one name everywhere, with n and an interval beside each score', async () => {
    const scores = 'solves, agent_wait_seconds_n, agent_wait_seconds_p50, agent_wait_seconds_p50_likely_from, agent_wait_seconds_p50_likely_to, answered_share, round(answered_share_likely_from, 3), round(answered_share_likely_to, 3)';
    const of = `SELECT ${scores} FROM agents.agent_scorecard WHERE stations >= 3 AND agent_replies`;
    expect(await given(fair, `${of} >= 3 AND agent_id IN (SELECT assignee_id FROM queue.tickets WHERE ticket_id = '${tickets[0] ?? ''}')`)).toBe(await given(mira, `${of} >= 3 AND agent_id = '${lea}'`));
    expect(await given(mira, `${of} >= 3 AND agent_id = '${lea}'`)).toBe('3\t3\t60\t\\N\t\\N\t1\t0.438\t1');
    const names = await given(fair, `SELECT arraySort(groupUniqArray(agent_id)) FROM (SELECT assignee_id AS agent_id FROM ${SNAPSHOT}_queue.tickets WHERE ticket_id IN ('${tickets.join("', '")}') UNION ALL SELECT solved_by_id FROM queue.ticket_resolutions WHERE ticket_id = '${tickets[1] ?? ''}' UNION ALL SELECT sender_agent_id FROM log.events WHERE ticket_id = '${tickets[2] ?? ''}' AND sender_agent_id != '')`);
    expect(names).toMatch(/^\['Agent [0-9A-F]{8}'\]$/);
    const columns = await given(fair, "SELECT groupArray(name) FROM system.columns WHERE table = 'agent_scorecard' AND database LIKE '%agents'");
    for (const [, score = 'none'] of columns.matchAll(/'(\w+_(?:p\d\d|rate_7d|share))'/g)) expect(columns).toMatch(new RegExp(`'${score}_likely_from','${score}_likely_to'`));
  });

  it.concurrent.each(agentAttempts.map(([sql, parameters = {}]) => ({ sql, parameters })))('learns nobody by $sql', async ({ sql, parameters }: { sql: string; parameters: Parameters }) => {
    const answer = await ask(fair, filled(sql), parameters);
    expect(leaked(answer.text, filled(sql))).toStrictEqual([]);
    expect(answer.text).not.toMatch(/FOUND/);
    expect(answer.text).toMatch(/^$|^Code: (?:6|36|41|46|47|53|60|62|72|81|115|164|386|395|497)\. |^NOBODY\n$/);
  });

  it('sees rows in an order that does not tell: that of pseudonyms', async () => {
    for (const view of ['agents.agent_sessions', 'agents.agent_scorecard', 'agents.agent_hourly']) {
      const [rows, sorted] = [await given(fair, `SELECT groupArray(agent_id) FROM (SELECT agent_id FROM ${view})`), await given(fair, `SELECT arraySort(groupArray(agent_id)) FROM (SELECT agent_id FROM ${view})`)];
      expect(rows, view).toBe(sorted);
    }
  });

  it('sees a view as it is now, and none that is gone', async () => {
    await given(root, `CREATE OR REPLACE VIEW queue.of_agents AS SELECT integration_id, assignee_id, concat('by ', assignee_id) AS by_whom FROM queue.tickets`);
    expect(leaked(await given(fair, 'SELECT * FROM queue.of_agents'), '')).toStrictEqual([]);
    expect((await ask(fair, 'SELECT told FROM queue.of_agents')).text).toMatch(/^Code: 47\./);
  });
});
