// Many events in one instant: whatever the order of landing, the parts, the blocks and the threads, every view is what
// the oracle says. A sort that isn't told how to order ties takes some hundred of them differently each time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClickHouse } from '../../services/runtime/clickhouse.ts';
import { groupBy } from '../../services/runtime/group-by.ts';
import { tellDifferences } from '../oracle/compare.ts';
import { crowdedHistories, doubledReplies, inArrivalOrder } from '../oracle/crowded.ts';
import type { CrmEvent } from '../oracle/events.ts';
import { historyConfig } from '../oracle/history-config.ts';
import { environment } from '../system/support.ts';
import { viewsOfOneTicket } from '../agreement/rows.ts';
import { answer, differencesOf, queryOf, type Compared, type Told } from './agreement.ts';
import { comparedViews, costlyViews } from './compared-views.ts';
import { forgetTenants, landEvents, loadConfig } from './history-landing.ts';
import { computeFactsWhere } from './landing-support.ts';

const SEED = Number(process.env['SEED'] ?? 20_260_320);
const TENANT = `ties-${SEED}`;
const PARTS = 5;
const databases = ['queue', 'agents'];
const clickhouse = connectClickHouse(environment.clickhouseUrl);

interface Manner {
  /** How ClickHouse computes and reads. */
  readonly settings: string;
  /** The same desks in each manner, each in an order of arrival of its own. */
  readonly desks: readonly Told[];
}

function manner(settings: string, order: number): Manner {
  const desk = (name: string, eventsOf: (integration: string) => CrmEvent[]): Told => {
    const integration = `crm-a-${TENANT}-${name}-${order}`;
    return { events: inArrivalOrder(eventsOf(integration), SEED + order), config: historyConfig([integration]) };
  };
  return {
    settings,
    desks: [
      desk('one', (integration) => doubledReplies(integration, 'anna', { replies: 300, tickets: 1 })),
      desk('several', (integration) => [3, 1, 7, 4].flatMap((tickets, i) => doubledReplies(integration, `agent-${i}`, { replies: 260 + 31 * i, tickets }))),
      desk('crowd', (integration) => crowdedHistories(integration, 150, SEED)),
    ],
  };
}

const manners: readonly Manner[] = [manner('max_threads = 1', 0), manner('max_threads = 4, max_block_size = 97', 1)];
const desks = manners.flatMap((each) => each.desks);
const integrationsOf = (told: readonly Told[]): string[] => [...new Set(told.flatMap(({ events }) => events.map(({ source }) => source.integration_id)))];
const tenantsOf = (told: readonly Told[]): string => `integration_id IN ('${integrationsOf(told).join("', '")}')`;

beforeAll(async () => {
  const config = historyConfig(integrationsOf(desks));
  const defaultCalendars = desks.map(({ config: own }) => own.defaultCalendars ?? {}).reduce((all, own) => ({ ...all, ...own }), {});
  const shifts = desks.flatMap(({ config: own }) => own.shifts ?? []);
  const agentNames = desks.map(({ config: own }) => own.agentNames ?? {}).reduce((all, own) => ({ ...all, ...own }), {});
  await loadConfig(clickhouse, integrationsOf(desks), { ...config, defaultCalendars, shifts, agentNames });
  // What was accepted first lands last.
  for (let part = PARTS - 1; part >= 0; part -= 1) await landEvents(clickhouse, desks.flatMap(({ events }) => events.filter((event) => event.kafka_offset % PARTS === part)), databases);
  await computeFactsWhere(clickhouse, tenantsOf(desks));
});

afterAll(async () => {
  await forgetTenants(clickhouse, `%-${TENANT}-%`, databases);
  await clickhouse.close();
});

const isAgentsReply = (event: CrmEvent): boolean => event.event_type === 'message.received' && event.sender.type === 'agent';

/** How many of a desk's events share their instant, and whatever else the key says, with another one. */
const tiesOf = (events: readonly CrmEvent[], keyOf: (event: CrmEvent) => string): number =>
  [...groupBy(events, (event) => `${keyOf(event)} ${event.timestamp}`).values()].filter((together) => together.length > 1).flat().length;

test('an agent has hundreds of replies, a quarter of the instants twice, and a ticket hundreds of events of few instants', () => {
  for (const { desks: [one, , crowd] } of manners) {
    const replies = (one?.events ?? []).filter(isAgentsReply);
    expect(replies.length > 300 && tiesOf(replies, ({ ticket_id }) => ticket_id) > replies.length / 4, 'replies').toBe(true);
    const told = (crowd?.events ?? []).filter(({ ticket_id }) => ticket_id === 'TKT-1');
    expect(told.length > 300 && tiesOf(told, ({ event_type }) => event_type) > told.length / 2, 'events of a ticket').toBe(true);
  }
});

/** Those as of an instant read the same definition of facts. */
const affected = [...comparedViews.filter(({ parameters = {} }) => !('ts' in parameters)), ...costlyViews.filter(({ view }) => view.endsWith('_hourly'))];

/** What a view of one ticket's rows adds to the fold is the order of neither rows nor tickets: the harder manner shows it. */
const mannersOf = ({ view }: Compared): readonly Manner[] => (viewsOfOneTicket.some((name) => name === view) ? manners.slice(-1) : manners);

for (const view of affected) {
  test(`${view.view} equals the oracle, in whatever blocks and threads`, async () => {
    for (const { settings, desks: own } of mannersOf(view)) {
      const answered = await answer(clickhouse, `${queryOf(view, tenantsOf(own))} SETTINGS ${settings}`);
      expect(tellDifferences(differencesOf(view, answered, own)), `SEED=${SEED} ${settings}`).toBe('');
    }
  });
}
