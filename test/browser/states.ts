// What a page looks like when there is not what it asked for: each state made by answering in the server's place.
import type { Page } from 'playwright-core';

export interface State {
  readonly name: string;
  /** A page, with what its address says besides the filters. */
  readonly path: string;
  readonly more: string;
  readonly arrange: (page: Page) => Promise<unknown>;
  /** What has to be there then. */
  readonly shows: string;
}

const QUESTIONS = '**/api/queries/queues/**';

const refused = (status: number, code: string) => (page: Page): Promise<unknown> =>
  page.route(QUESTIONS, (route) => route.fulfill({ status, contentType: 'application/json', body: JSON.stringify({ error: { code, message: code } }) }));

/** As the server tells the last answer while ClickHouse is away. */
const stale = (page: Page): Promise<unknown> => page.route(QUESTIONS, async (route) => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, body: JSON.stringify({ ...(await answer.json()) as object, stale: 'away', at: new Date(Date.now() - 95_000).toISOString() }) });
});

const unanswered = (page: Page): Promise<unknown> => page.route(QUESTIONS, () => undefined);
const asItIs = (): Promise<unknown> => Promise.resolve();

export const states: readonly State[] = [
  { name: 'loading', path: 'queues', more: '', arrange: unanswered, shows: '[aria-busy="true"] .bone' },
  { name: 'failed', path: 'queues', more: '', arrange: refused(500, 'query_failed'), shows: '.state.bad' },
  { name: 'unavailable', path: 'queues', more: '', arrange: refused(503, 'clickhouse_unavailable'), shows: '.state.bad' },
  { name: 'no-permission', path: 'queues', more: '', arrange: refused(403, 'no_permission'), shows: '.state.quiet strong' },
  { name: 'stale', path: 'queues', more: '', arrange: stale, shows: '.flag[role="status"]' },
  { name: 'empty-range', path: 'queues', more: 'from=2031-01-01&to=2031-01-14', arrange: asItIs, shows: '.state button' },
  { name: 'foreign-tenant', path: 'now', more: 'tenant=somebody-elses', arrange: asItIs, shows: '.state.quiet .choices' },
  { name: 'no-such-ticket', path: 'ticket', more: 'ticket=TKT-NOWHERE', arrange: asItIs, shows: '.state.quiet' },
];
