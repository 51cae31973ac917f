// What a support lead does, done in a browser: each journey says what it expects, and fails by an error that says what was there.
import { setTimeout as sleep } from 'node:timers/promises';
import axe from 'axe-core';
import type { Page } from 'playwright-core';

export interface Visit {
  readonly page: Page;
  readonly url: string;
  /** As an address says it: tenant=…&zone=… */
  readonly filters: string;
}

export interface Journey {
  readonly name: string;
  readonly go: (visit: Visit) => Promise<void>;
}

function expectEqual(what: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new Error(`${what}: ${String(got)} instead of ${String(wanted)}`);
}

const numberIn = (text: string | null): number => Number((text ?? '').replaceAll(/[^\d]/g, ''));

// What runs in the page is text: types of the browser's own things are not for the rest of the project.

const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** Asked from outside: what a page waits for by itself would be a script that its own policy forbids. */
async function until(page: Page, expression: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await page.evaluate<boolean>(expression))) {
    if (performance.now() > deadline) throw new Error(`not within ${WITHIN_MS / 1_000} s: ${expression}`);
    await sleep(LOOK_EVERY_MS);
  }
}

/** A page whose answers have all come. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('main .panel, main .tiles, main .state');
  await until(page, `document.querySelector('[aria-busy="true"]') === null`);
}

async function drillDown({ page, url, filters }: Visit): Promise<void> {
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

export const journeys: readonly Journey[] = [
  { name: 'from a number to its rows, its CSV, a ticket and back', go: drillDown },
  { name: 'the same by the keyboard', go: byKeyboard },
  { name: 'the desk as it was, by the slider', go: timeTravel },
  { name: 'in German', go: german },
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
