// A snapshot shows in every view what the oracle says of the events that count, under the desk that it was asked for. What is
// live stays as it is; a run that is killed goes on.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDeskFile } from '../../infra/config/desk-file.ts';
import { create } from '../../infra/snapshot/create.ts';
import { openSnapshot, type Snapshot } from '../../infra/snapshot/record.ts';
import { inSnapshot } from '../../infra/snapshot/render.ts';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { compareRows, tellDifferences, type SqlRow } from '../oracle/compare.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { historyConfig, otherPolicies } from '../oracle/history-config.ts';
import { baseTime, histories } from '../oracle/histories.ts';
import { inTenant } from '../oracle/history-variants.ts';
import { firstArrivals } from '../oracle/timeline.ts';
import { environment, eventually } from '../system/support.ts';
import { queryOf, type Compared, type Told } from './agreement.ts';
import { comparedViews, viewsByTime } from './compared-views.ts';
import { root } from './copy-of-the-code.ts';
import { deskFile } from './history-desk.ts';
import { loadConfig } from './history-landing.ts';
import { land } from './landing-support.ts';

const SEED = Number(process.env['SEED'] ?? 20_260_309);
const DAY = 86_400_000;
const clickhouse = connectClickHouse(environment.clickhouseUrl);
const folder = mkdtempSync(join(tmpdir(), 'snapshot-'));

/** Two desks, each with the tickets of many histories: percentiles, medians and shares differ only among many. */
const integrationsOf = (desk: string): string[] => ['crm-a', 'crm-b'].map((id) => `${id}-${desk}`);
const eventsOf = (desk: string, seed: number): CrmEvent[] => fc.sample(histories, { numRuns: 40, seed }).flatMap((history, index) =>
  inTenant(history, desk).events.map((event) => ({ ...event, ticket_id: `${event.ticket_id}-${index}` })));

const here: Told = { events: eventsOf('here', SEED), config: historyConfig(integrationsOf('here')) };
const there: Told = { events: eventsOf('there', SEED + 1), config: historyConfig(integrationsOf('there'), true) };
const everyone = [...integrationsOf('here'), ...integrationsOf('there')];

const live = { ...historyConfig(integrationsOf('here')), ...mergedConfig() };
function mergedConfig(): Pick<ReturnType<typeof historyConfig>, 'defaultCalendars' | 'policies' | 'statusMaps' | 'shifts' | 'agentNames'> {
  const [a, b] = [historyConfig(integrationsOf('here')), historyConfig(integrationsOf('there'), true)];
  return {
    defaultCalendars: { ...a.defaultCalendars, ...b.defaultCalendars }, statusMaps: { ...a.statusMaps, ...b.statusMaps }, agentNames: { ...a.agentNames, ...b.agentNames },
    policies: [...a.policies, ...b.policies], shifts: [...a.shifts, ...b.shifts],
  };
}

/** Other hours, other promises, other meanings of statuses. */
const other = {
  ...live, policies: otherPolicies(everyone),
  defaultCalendars: Object.fromEntries(everyone.map((id) => [id, 'history-night'])),
  statusMaps: Object.fromEntries(everyone.map((id) => [id, { 'awaiting *': 'open' as const, 'pending': 'solved' as const }])),
};
const otherFile = join(folder, 'other-desk.json');
