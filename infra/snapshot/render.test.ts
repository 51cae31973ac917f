import { describe, expect, test } from 'vitest';
import { findProjections, statementsOf } from '../projections/find.ts';
import { withoutComments } from '../projections/statements.ts';
import { configStatements, functionsOfTheDesk, inSnapshot, projectionStatements, type Scope } from './render.ts';

const found = (await findProjections()).filter(({ projection }) => projection.fold !== undefined);
const defined = await Promise.all(found.map(async (each) => ({ ...each, statements: await statementsOf(each) })));
const all = defined.flatMap(({ statements }) => statements);
const scope: Scope = { name: 'monday', databases: ['config', 'queue', 'agents'], functions: functionsOfTheDesk(all), present: Date.UTC(2026, 2, 9, 8, 30, 0, 250) };
const filter = { happenedBy: new Date(scope.present), integrations: ['acme'] };
const config = configStatements(all, scope);
const own = defined.flatMap(({ statements, projection }) => projectionStatements(statements, projection, scope, filter));

describe('live SQL asked of a snapshot', () => {
  test('reads its databases, whether they are named as such or as texts', () => {
    expect(inSnapshot("SELECT q.queue_id, queue FROM queue.tickets AS q JOIN agents.agent_solves USING (x) WHERE t.database = 'queue' AND log.queue.x", scope))
      .toBe("SELECT q.queue_id, queue FROM monday_queue.tickets AS q JOIN monday_agents.agent_solves USING (x) WHERE t.database = 'monday_queue' AND log.queue.x");
  });

  test('asks its configuration by its own functions, and keeps those that need none', () => {
    expect(inSnapshot('SELECT business_seconds(i, a, b), whole_seconds(ms), agent_name(i, a) AS agent_name, t.agent_name', scope))
      .toBe('SELECT monday_business_seconds(i, a, b), whole_seconds(ms), monday_agent_name(i, a) AS agent_name, t.agent_name');
  });

  test('takes its instant for the present', () => {
    expect(inSnapshot("SELECT now64(3, 'UTC'), now('UTC') - INTERVAL 1 DAY", scope)).toBe("SELECT toDateTime64('2026-03-09 08:30:00.250', 3, 'UTC'), toDateTime('2026-03-09 08:30:00', 'UTC') - INTERVAL 1 DAY");
  });
});

describe('the statements of a snapshot', () => {
  test('its functions are those that ask the configuration or the present, by themselves or through others', () => {
    expect(scope.functions).toStrictEqual(expect.arrayContaining(['live_config_version', 'calendar_clock', 'business_seconds', 'queue_name', 'hours_shown']));
    expect(scope.functions.filter((name) => ['whole_seconds', 'is_finished', 'ms_between', 'erlang_c', 'next_hour'].includes(name))).toStrictEqual([]);
  });

  test('they create and fill nothing that is live', () => {
    const made = [...config, ...own].map((text) => /^(?:CREATE|ALTER|INSERT INTO)\b(?:\s+(?:OR REPLACE|IF NOT EXISTS|TABLE|VIEW|FUNCTION|DICTIONARY))*\s+([\w.]+)/.exec(withoutComments(text).trim())?.[1] ?? text);
    expect(made.filter((name) => !/^monday_(config|queue|agents)\.\w+$|^monday_\w+$/.test(name))).toStrictEqual([]);
    expect(made).toStrictEqual(expect.arrayContaining(['monday_config.status_map', 'monday_config.calendar', 'monday_business_clock', 'monday_queue.ticket_facts', 'monday_queue.tickets', 'monday_agents.agent_hourly', 'monday_queue.timeline']));
  });

  test('of what is live they read the timelines, and only the events that count, and how far those have come', () => {
    const live = [...config, ...own].flatMap((text) => [...withoutComments(text).matchAll(/(?<![\w.])(?:queue|agents|config|log)\.\w+/g)].map(([name]) => name));
    expect(live.sort()).toStrictEqual(['agents.landed', 'agents.timeline', 'queue.landed', 'queue.timeline']);
    expect(own.find((text) => text.includes('monday_queue.timeline AS'))).toMatch(/FROM queue\.timeline FINAL WHERE event_at <= toDateTime64\('2026-03-09 08:30:00.250', 3, 'UTC'\) AND integration_id IN \('acme'\)/);
  });

  test('no view of theirs knows another present, and no dictionary looks for changes', () => {
    const views = own.filter((text) => /^CREATE OR REPLACE VIEW/.test(withoutComments(text).trim()));
    expect(views.length).toBeGreaterThan(20);
    expect(views.filter((text) => /\b(now|now64|today|yesterday|currentTimestamp|UTCTimestamp)\s*\(/i.test(withoutComments(text)))).toStrictEqual([]);
    expect(config.filter((text) => /LIFETIME\((?!0\))/.test(text))).toStrictEqual([]);
  });
});
