// What a support lead does, done in a browser: each journey says what it expects, and fails by an error that says what was there.
import { setTimeout as sleep } from 'node:timers/promises';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import type { Opened } from './window.ts';

export interface Visit extends Opened {
  readonly url: string;
  /** As an address says it: tenant=…&zone=… */
  readonly filters: string;
}

export interface Journey {
  readonly name: string;
  readonly go: (visit: Visit) => Promise<void>;
}

export function expectEqual(what: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new Error(`${what}: ${String(got)} instead of ${String(wanted)}`);
}

export const numberIn = (text: string | null): number => Number((text ?? '').replaceAll(/[^\d]/g, ''));

// What runs in the page is text: types of the browser's own things are not for the rest of the project.

const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

export async function eventually<T>(look: () => T | Promise<T>, isThere: (found: T) => boolean, what: string): Promise<T> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const found = await look();
    if (isThere(found)) return found;
    if (performance.now() > deadline) throw new Error(`not within ${WITHIN_MS / 1_000} s: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Asked from outside: what a page waits for by itself would be a script that its own policy forbids. */
export const until = async (page: Page, expression: string): Promise<boolean> => eventually(() => page.evaluate<boolean>(expression), Boolean, expression);

/** A page whose answers have all come. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main .panel, main .tiles, main .state');
  await until(page, `document.querySelector('[aria-busy="true"]') === null`);
}

export async function drillDown({ page, url, filters }: Visit): Promise<void> {
  await page.goto(`${url}/now?${filters}`);
  await settled(page);
  const backlog = page.locator('.tiles .figure').first();
  const shown = numberIn(await backlog.textContent());
  await backlog.click();
  await page.waitForSelector('dialog.drill table.rows tbody tr');
  expectEqual('rows behind the backlog', await page.locator('dialog.drill table.rows tbody tr').count(), Math.min(shown, 200));
  const address = await page.locator('dialog.drill .downloads a').first().getAttribute('href');
  const csv = await page.evaluate<string>(`fetch(${JSON.stringify(address)}).then((answer) => answer.text())`);
  expectEqual('lines of the CSV', csv.trimEnd().split('\n').length - 1, shown);
  const permanent = page.url();
  const ticket = await page.locator('dialog.drill a.ticket').first().textContent();
  await page.locator('dialog.drill a.ticket').first().click();
  await page.waitForSelector('svg.lanes');
  expectEqual('the ticket that was clicked', await page.locator('main h2').first().textContent(), `Ticket ${ticket ?? ''}`);
  await page.goBack();
  await page.waitForSelector('dialog.drill[open]');
  expectEqual('the address after going back', page.url(), permanent);
  await page.keyboard.press('Escape');
  await page.waitForSelector('dialog.drill', { state: 'detached' });
}

/** What is downloaded is what the SQL gives that stands beside it, run by hand. */
export async function fileIsSql({ page, url, filters }: Visit, run: (sql: string) => Promise<string>): Promise<void> {
  await page.goto(`${url}/now?${filters}&open=now%2Ftickets&made=now%2Ftickets`);
  await page.waitForSelector('dialog.drill pre');
  const [address, sql] = [await page.locator('dialog.drill .downloads a').first().getAttribute('href'), await page.locator('dialog.drill pre').textContent()];
  const csv = await (await page.request.get(url + (address ?? ''))).text();
  const bySql = await run(`${(sql ?? '').replace(/LIMIT \d+$/, '')}\nFORMAT CSVWithNames`);
  expectEqual('the file beside what the SQL gives', csv, bySql);
}

async function byKeyboard({ page, url, filters }: Visit): Promise<void> {
  await page.goto(`${url}/now?${filters}`);
  await settled(page);
  await page.keyboard.press('Tab');
  expectEqual('the first stop of the keyboard', await page.evaluate<string>('document.activeElement.className'), 'skip');
  await page.locator('.tiles .figure').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog.drill[open]');
  expectEqual('whether the focus is in what was opened', await page.evaluate<boolean>(`document.querySelector('dialog').contains(document.activeElement)`), true);
}

async function timeTravel({ page, url, filters }: Visit): Promise<void> {
  await page.goto(`${url}/queues?${filters}`);
  await settled(page);
  const tableOf = (): Promise<string | null> => page.locator('.slider ~ .answer table.desk').first().textContent();
  const now = await tableOf();
  await page.locator('.slider input').focus();
  for (let steps = 0; steps < 40; steps++) await page.keyboard.press('PageDown');
  await until(page, `document.querySelector('.slider ~ .answer table.desk')?.textContent !== ${JSON.stringify(now)}`);
  if (!new URL(page.url()).searchParams.has('at')) throw new Error('the instant is not in the address');
}

async function german({ page, url, filters }: Visit): Promise<void> {
  await page.goto(`${url}/now?${filters}&lang=de`);
  await settled(page);
  expectEqual('the language of the page', await page.evaluate<string>('document.documentElement.lang'), 'de');
  expectEqual('the first page by name', await page.locator('nav a').first().textContent(), 'Jetzt');
}

/** What the page's own question answers. */
async function rowsOf({ page, url, filters }: Visit, query: string, more = ''): Promise<Record<string, unknown>[]> {
  const answer = await page.request.get(`${url}/api/queries/${query}?${filters}&${more}`);
  return ((await answer.json()) as { rows: Record<string, unknown>[] }).rows;
}

const textOf = async (page: Page, selector: string): Promise<string> => (await page.locator(selector).first().textContent()) ?? '';

async function whoWaitsLongest(visit: Visit): Promise<void> {
  const { page, url, filters } = visit;
  const [first] = await rowsOf(visit, 'now/tickets', 'which=waiting');
  await page.goto(`${url}/now?${filters}`);
  await settled(page);
  const said = await textOf(page, '.moments li');
  for (const column of ['ticket_id', 'customer']) if (!said.includes(String(first?.[column]))) throw new Error(`the ${column} ${String(first?.[column])} is not in the first line: ${said}`);
}

async function whoHoldsMost({ page, url, filters }: Visit): Promise<void> {
  await page.goto(`${url}/now?${filters}`);
  await settled(page);
  const held = await page.locator('section[aria-label="Agents and what they hold"] tbody tr td:nth-of-type(1)').allTextContents();
  const numbers = held.map(numberIn);
  if (numbers.length === 0 || numbers.some((n, nth) => n > (numbers[nth - 1] ?? Infinity))) throw new Error(`agents don't stand in the order of what they hold: ${numbers.join(', ')}`);
}

async function whichQueueBreaksMost(visit: Visit): Promise<void> {
  const { page, url, filters } = visit;
  await page.goto(`${url}/sla?${filters}`);
  await settled(page);
  const asked = await page.evaluate<string>(`performance.getEntriesByType('resource').map(({ name }) => name).find((name) => name.includes('sla/attainment'))`);
  const { rows } = (await (await page.request.get(asked)).json()) as { rows: Record<string, unknown>[] };
  if (rows.length === 0) throw new Error('no promise was due: give the tenant SLA policies first (npm run config -- apply infra/demo/desk.json)');
  const week = rows.map((row) => String(row['week'])).sort().at(-1);
  const broken = new Map<string, number>();
  for (const row of rows.filter((one) => one['week'] === week)) broken.set(String(row['queue_id']), (broken.get(String(row['queue_id'])) ?? 0) + Number(row['breached']));
  const most = Math.max(...broken.values());
  const said = await textOf(page, 'section[aria-label="Promises kept"] table tbody tr td:nth-last-of-type(4)');
  if (!said.includes(`${most.toLocaleString('en-GB')} of `)) throw new Error(`the first queue did not break ${most} promises in the latest week: ${said}`);
}

async function whatATicketWaitedFor(visit: Visit): Promise<void> {
  const { page, url, filters } = visit;
  const [some] = await rowsOf(visit, 'ticket/search', 'search=&limit=1');
  await page.goto(`${url}/ticket?${filters}`);
  await settled(page);
  await page.locator('form.search input').fill(String(some?.['ticket_id']).toLowerCase());
  await page.keyboard.press('Enter');
  await page.locator('table.rows a.ticket').first().click();
  await page.waitForSelector('svg.lanes');
  expectEqual('what it waited for', (await page.locator('h3:has-text("What it waited for") ~ dl.facts').last().textContent())?.replaceAll(/[\d,.]+ (d|h|min|s|%)|[\d.]+%|\s/g, ''), 'ForusForthecustomerOnhold');
}

async function agentsOnTuesdayMorning({ page, url, filters }: Visit): Promise<void> {
  await page.goto(`${url}/queues?${filters}`);
  await settled(page);
  const cell = page.locator('section[aria-label="Forecast and agents needed"] table.heat tr:has(th:text-matches("^Tue")) td:nth-of-type(10) button');
  const label = (await cell.getAttribute('aria-label')) ?? '';
  if (!/^Tue,? 09:00: \d+ agents for \d+ tickets/.test(label)) throw new Error(`Tuesday at nine says: ${label}`);
  await cell.click();
  await page.waitForSelector('dialog.drill table.rows tbody tr');
  expectEqual('hours behind it', await page.locator('dialog.drill table.rows tbody tr').count(), 1);
}

export const journeys: readonly Journey[] = [
  { name: 'from a number to its rows, its CSV, a ticket and back', go: drillDown },
  { name: 'the same by the keyboard', go: byKeyboard },
  { name: 'the desk as it was, by the slider', go: timeTravel },
  { name: 'in German', go: german },
  { name: 'which customer waits longest now', go: whoWaitsLongest },
  { name: 'who holds the most tickets', go: whoHoldsMost },
  { name: 'which queue breaks most of its promises this week', go: whichQueueBreaksMost },
  { name: 'what a ticket waited for', go: whatATicketWaitedFor },
  { name: 'how many agents Tuesday morning takes', go: agentsOnTuesdayMorning },
];

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** @returns what axe-core finds against WCAG 2 A and AA. */
export async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate<Violation[]>(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] }).then((found) => found.violations)`);
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.length}×, first ${nodes[0]?.target.join(' ') ?? ''}: ${nodes[0]?.failureSummary?.split('\n').at(1)?.trim() ?? ''})`);
}
