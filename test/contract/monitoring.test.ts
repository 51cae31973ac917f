// Rules, runbook and dashboard speak of what there is: each metric exists, each alert has a section and a test.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboardText, rows } from '../../infra/monitoring/dashboard.ts';
import { folder, missingForPrometheus, prometheusPrograms, runTool } from '../../infra/monitoring/prometheus.ts';

const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly runbook_url?: string };
}
const rules = (parse(read('alerts.yaml')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const runbook = read('RUNBOOK.md');

/** Labels by metric, as the table has them; a histogram's series are metrics too. */
const metrics = new Map([...read('METRICS.md').matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)].flatMap(([, name = '', type = '', labels = '']): [string, string[]][] => {
  const known = [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label);
  const histogram = ['_bucket', '_sum', '_count'].map((ending): [string, string[]] => [name + ending, [...known, 'le']]);
  return type === 'histogram' || type === 'summary' ? histogram : [[name, known]];
}));
const ofPrometheus = ['up', 'ALERTS'];
const recorded = rules.flatMap(({ record }) => record ?? []);
/** What Prometheus or the registry puts on every series. */
const everywhere = ['job', 'instance', 'service', 'alertstate'];

function problemsOf(expr: string): string[] {
  const names = [...expr.matchAll(/\b((?:(?:ticketstream|nodejs|process)[_:]\w|up\b|ALERTS\b)[\w:]*)(\{[^}]*\})?/g)];
  return names.flatMap(([, name = '', matchers = '']) => {
    if (recorded.includes(name) || ofPrometheus.includes(name)) return [];
    const labels = metrics.get(name);
    if (labels === undefined) return [`${name} is no metric`];
    return [...matchers.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].filter(([, label = '']) => ![...labels, ...everywhere].includes(label)).map(([, label = '']) => `${name} has no label ${label}`);
  });
}

test('the check of queries finds what is wrong', () => {
  expect(problemsOf('rate(ticketstream_webhook_total[5m])')).toStrictEqual(['ticketstream_webhook_total is no metric']);
  expect(problemsOf('rate(ticketstream_webhooks_total{code=~"5.."}[5m])')).toStrictEqual(['ticketstream_webhooks_total has no label code']);
  expect(problemsOf('ticketstream_ack_seconds')).toStrictEqual(['ticketstream_ack_seconds is no metric']);
  expect(metrics.size).toBeGreaterThan(60);
});

test('every metric and label in the rules, the runbook and the dashboard exists', () => {
  const queries = [...rules.map(({ expr }) => expr), runbook, ...rows.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map(({ expr }) => expr)))];
  expect(queries.flatMap(problemsOf)).toStrictEqual([]);
});

test('every alert says how urgent it is, has a section in the runbook that it links, and is tested', () => {
  const sections = [...runbook.matchAll(/^## (\w+)\n([^]*?)(?=^## |$(?![^]))/gm)].map(([, name = '', text = '']) => ({ name, text }));
  expect(sections.map(({ name }) => name), 'in the same order').toStrictEqual(alerts.map(({ alert }) => alert));
  for (const { name, text } of sections) for (const part of ['**Symptom.**', '**Ask.**', '**Do.**']) expect(text, name).toContain(part);
  const tests = read('alerts.test.yaml');
  for (const { alert, labels, annotations } of alerts) {
    expect(['page', 'ticket'], alert).toContain(labels?.severity);
    expect(annotations?.summary, alert).toBeTruthy();
    expect(annotations?.runbook_url).toBe(`infra/monitoring/RUNBOOK.md#${alert.toLowerCase()}`);
    expect(tests, `${alert} fires in a test`).toMatch(new RegExp(`labels: '\\{alertname="${alert}"`));
  }
});

test('the dashboard is what its code says, and every panel has a title, a unit, a description and a query', () => {
  expect(read('dashboard.json'), 'npm run monitoring -- dashboard').toBe(dashboardText());
  interface Placed { id: number; type: string; title: string; description?: string; gridPos: { h: number; w: number; x: number; y: number }; fieldConfig?: { defaults: { unit?: string } }; targets?: { refId: string; expr: string }[] }
  const { panels } = JSON.parse(read('dashboard.json')) as { panels: Placed[] };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Set<string>();
  for (const { type, title, description, gridPos: { h, w, x, y }, fieldConfig, targets = [] } of panels) {
    expect(title.length, title).toBeGreaterThan(2);
    for (let column = x; column < x + w; column++) for (let line = y; line < y + h; line++) {
      expect(column, title).toBeLessThan(24);
      expect(taken.has(`${column}/${line}`), `${title} lies on another panel`).toBe(false);
      taken.add(`${column}/${line}`);
    }
    if (type === 'row') continue;
    expect([fieldConfig?.defaults.unit, description].every(Boolean), title).toBe(true);
    expect(targets.length, title).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
  }
});

const missing = await missingForPrometheus(process.env);
test.skipIf(missing !== null)(`promtool and amtool find no fault, and every alert fires when it should${missing === null ? '' : ` (skipped: ${missing})`}`, async () => {
  const programs = await prometheusPrograms(process.env);
  expect(await runTool(programs, 'promtool', 'check', 'config', 'prometheus.yaml')).toContain(`${rules.length} rules found`);
  expect(await runTool(programs, 'promtool', 'test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
  expect(await runTool(programs, 'amtool', 'check-config', 'alertmanager.yaml')).toContain('SUCCESS');
  await expect(runTool(programs, 'promtool', 'check', 'rules', 'METRICS.md')).rejects.toThrow('promtool check rules');
}, 300_000);
