// The dashboard in a real browser, as an analyst sees it: every page, another tenant's refused, the desk live, a number down to
// its rows and its file. `npm run browser` does the same and much more on a running desk, with pictures.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadPages } from '../../services/dashboard/pages.ts';
import { findChromium, launch } from '../browser/chromium.ts';
import { withLogin } from '../browser/dashboard-with-login.ts';
import { drillDown, fileIsSql } from '../browser/journeys.ts';
import { arrivesLive } from '../browser/live.ts';
import { isolation, logIn } from '../browser/tenant.ts';
import { DESK, open } from '../browser/window.ts';
import { closeClients, ingressUrl, landed, newTicketId, sendUntilAccepted, ticket } from '../system/support.ts';
import { access, added, endpoint, given, type Login } from './clickhouse-users.ts';

/** Of no other test: what is on the pages is known. */
const OURS = 'hooli';
const [ours, theirs] = [newTicketId(), newTicketId()];
const [secretAgent, secretQueue] = [`agent-of-${theirs}`, `queue-of-${theirs}`];
const at = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
const story = (id: string, tenant: string, [agent, queue]: readonly [string, string]) => {
  const of = ticket(id, tenant);
  return [of.created(at(60), 'hello'), of.assigned(at(50), { agent_id: agent, group_id: queue }), of.message(at(40), { agent }, 'hello'), of.message(at(30), 'customer')];
};
let ida: Login;

beforeAll(async () => {
  await Promise.all([...story(ours, OURS, ['lea', 'billing']), ...story(theirs, 'globex', [secretAgent, secretQueue])].map(sendUntilAccepted));
  ida = await added('ida', '--integration', OURS);
  await Promise.all([landed(ours, 4), landed(theirs, 4)]);
});
afterAll(async () => {
  await access('remove', 'ida');
  await closeClients();
});

test('in Chromium an analyst sees their tenant on every page and nothing of another, live, with every number to be followed to its file', async () => {
  const browser = await launch(await findChromium(process.env, console.log));
  try {
    await withLogin({ clickhouseUrl: endpoint.href, seeNames: [ida.name], pages: await loadPages() }, async (url) => {
      const analyst = { url, ...ida, own: OURS, foreign: 'globex', ticket: theirs, queue: secretQueue, secrets: [secretAgent] };
      const opened = await open(browser, DESK);
      await isolation(opened, analyst);
      await logIn(opened, analyst);
      const visit = { ...opened, url, filters: `tenant=${OURS}&zone=Europe/Berlin` };
      expect(await arrivesLive(visit, { ingressUrl, integrationId: OURS, secret: `${OURS}-secret` })).toHaveLength(2);
      await drillDown(visit);
      await fileIsSql(visit, async (sql) => `${await given(ida, sql)}\n`);
      expect(opened.errors).toStrictEqual([]);
    });
  } finally {
    await browser.close();
  }
});
