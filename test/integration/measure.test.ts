import { execSync } from 'node:child_process';
import { readFileSync, appendFileSync } from 'node:fs';
import { test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { Facts, computeFacts } from '../../services/runtime/projection/facts.ts';
import { projection as queue } from '../../services/queue-analytics/projection.ts';
import { projection as agents } from '../../services/agent-analytics/projection.ts';
import { environment } from '../system/support.ts';

const clickhouse = connectClickHouse(environment.clickhouseUrl);
const port = new URL(environment.clickhouseUrl).port;
const pid = Number(/pid=(\d+)/.exec(execSync(`ss -ltnp 'sport = :${port}'`).toString())?.[1] ?? 0) || Number(execSync(`lsof -ti tcp:${port} -sTCP:LISTEN | head -1`).toString());
const cpu = (): number => { const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' '); return (Number(f[11]) + Number(f[12])) * 10; };
const TICKETS = 50_000;
const out = (line: string): void => { console.log(line); appendFileSync('/tmp/measure.out', `${line}\n`); };

test('measure', async () => {
  for (const db of ['queue', 'agents']) {
    await clickhouse.command(`INSERT INTO ${db}.timeline (integration_id, ticket_id, event_id, event_at, type_rank, event_type, received_at, body_at, kafka_partition, kafka_offset, actor_type, actor_id, has_message, message_id, new_status, previous_status, assignee_agent_id, assignee_group_id, customer_telegram_user_id, channel_type, metadata)
    WITH intDiv(number, 12) AS t, number % 12 AS n, ['ticket.created','agent.assigned','message.received','status.changed','message.received','message.received','message.received','status.changed','message.received','status.changed','message.received','status.changed'][n + 1] AS type,
      toDateTime64('2026-03-02 08:00:00', 3, 'UTC') + toIntervalSecond(cityHash64(t) % 2500000 + n * 700) AS at
    SELECT concat('m-', toString(t % 7)), concat('T-', toString(cityHash64(t))), toString(generateUUIDv4(number)), at, indexOf(['ticket.created','message.received','agent.assigned','status.changed'], type) - 1, type, at, at, 0, number,
      multiIf(n IN (0,4,5,8), 'customer', 'agent'), multiIf(n IN (0,4,5,8), '', concat('agent-', toString((t + n) % 20))), type = 'message.received' OR n = 0, concat('m', toString(number)),
      multiIf(n = 3, 'open', n = 7, 'pending', n = 9, 'open', n = 11, 'resolved', ''), multiIf(n = 3, 'new', n = 7, 'open', n = 9, 'pending', n = 11, 'open', ''),
      if(n = 1, concat('agent-', toString(t % 20)), ''), if(n = 1, ['billing','tech'][t % 2 + 1], ''), if(n = 0, t, NULL), if(n = 0, 'bot_form', ''), if(n = 0, '{"campaign_id":"spring"}', '')
    FROM numbers(${TICKETS * 12})`);
    await clickhouse.command(`OPTIMIZE TABLE ${db}.timeline FINAL`);
  }
  await clickhouse.insertEncoded('config.sla_policies', 'JSONEachRow', Buffer.from(['', ].map(() => JSON.stringify({ policy_set: '', integration_id: '', policy_id: 'all', version: 1, position: 1, in_force_from: '2000-01-01 00:00:00.000', in_force_to: '2106-01-01 00:00:00.000', match_queue_ids: [], match_channel_types: [], match_language_codes: [], match_metadata: {}, first_response_seconds: 3600, next_response_seconds: 3600, resolution_seconds: 86400, calendar_id: '', pause_statuses: ['pending'] })).join('\n')));
  const all = await clickhouse.query<{ integration_id: string; ticket_id: string }>('SELECT DISTINCT integration_id, ticket_id FROM queue.timeline WHERE startsWith(integration_id, \'m-\') ORDER BY cityHash64(ticket_id)');
  const facts = [queue, agents].map((p) => ({ p, facts: new Facts(clickhouse, p) }));
  let next = 0;
  const idle0 = cpu(); await new Promise((r) => setTimeout(r, 5000)); out(`idle CPU of ClickHouse per second: ${(cpu() - idle0) / 5} ms`);
  for (const n of [1, 100, 1000]) {
    const sums = { sql: [0, 0], fold: [0, 0, 0] }; const REPS = n === 1 ? 20 : n === 100 ? 10 : 4;
    for (let rep = -1; rep < REPS; rep++) {
      const take = () => { const t = all.slice(next, next + n); next = (next + n) % (all.length - 2000); return t; };
      const a = take(); let c = cpu(); let w = Date.now();
      for (const { p } of facts) for (const t of p.facts) await computeFacts(clickhouse, `${p.database}.${t}`, a.map((x) => x.ticket_id));
      if (rep >= 0) { sums.sql[0]! += cpu() - c; sums.sql[1]! += Date.now() - w; }
      const b = take(); c = cpu(); w = Date.now(); const u = process.cpuUsage();
      for (const { facts: f } of facts) await f.compute(b);
      const d = process.cpuUsage(u);
      if (rep >= 0) { sums.fold[0]! += cpu() - c; sums.fold[1]! += Date.now() - w; sums.fold[2]! += (d.user + d.system) / 1000; }
    }
    const per = (x: number): string => (x / REPS).toFixed(0);
    out(`${n} tickets, queue + timers + agents: SQL ${per(sums.sql[0]!)} ms CPU, ${per(sums.sql[1]!)} ms wall; fold ${per(sums.fold[0]!)} ms CPU of ClickHouse + ${per(sums.fold[2]!)} ms of Node, ${per(sums.fold[1]!)} ms wall`);
  }
  await clickhouse.close();
}, 600_000);
