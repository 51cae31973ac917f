// An analyst of one tenant in the browser: logs in, looks at every page, tries another tenant's by the address, the filters, a
// link and a file, and logs out.
import type { Page } from 'playwright-core';
import { accessibility, eventually, expectEqual, settled, until } from './journeys.ts';
import { overflow, type Opened } from './window.ts';

export interface Analyst {
  /** Of a dashboard that asks who comes. */
  readonly url: string;
  readonly name: string;
  readonly password: string;
  readonly own: string;
  readonly foreign: string;
  /** What the other tenant has and this one does not: to ask for, and never to be seen. */
  readonly ticket: string;
  readonly queue: string;
  /** Other words that must not be seen. */
  readonly secrets?: readonly string[];
}

export const PAGES = ['now', 'queues', 'sla', 'agents', 'ticket', 'pipeline'] as const;

const seen = (page: Page): Promise<string> => page.evaluate<string>('document.body.innerText');

export async function logIn({ page, errors }: Opened, { url, name, password }: Pick<Analyst, 'url' | 'name' | 'password'>): Promise<void> {
  await page.goto(`${url}/now`);
  await page.waitForSelector('.login form');
  const give = async (word: string): Promise<void> => {
    await page.fill('.login input[name="user"]', name);
    await page.fill('.login input[name="password"]', word);
    await page.click('.login button');
  };
  await give('not the password');
  await page.waitForSelector('.login [role="alert"]');
  // The browser itself tells of the refusal, perhaps a moment later.
  const refusal = await eventually(() => errors.findIndex((error) => error.includes('401')), (at) => at >= 0, 'a refused password in the console');
  errors.splice(refusal, 1);
  await give(password);
  await page.waitForSelector('nav a');
}

/** Every page of their own tenant, with nothing of the other one's on it; wrong in none. */
async function looksAround({ page }: Opened, { url, own, ticket, queue, secrets = [] }: Analyst): Promise<void> {
  for (const name of PAGES) {
    await page.goto(`${url}/${name}?tenant=${own}`);
    await settled(page);
    expectEqual(`tenants to choose from on ${name}`, (await page.locator('.filters select').first().locator('option').allTextContents()).join(), own);
    const text = await seen(page);
    for (const word of [ticket, queue, ...secrets]) if (text.includes(word)) throw new Error(`${name} shows ${word} of another tenant`);
    const wrong = [...await accessibility(page), ...await overflow(page)];
    if (wrong.length > 0) throw new Error(`${name}: ${wrong.join('; ')}`);
  }
}

/** The same page for a tenant that is not theirs as for one that is not there. */
async function asksForAnother({ page }: Opened, { url, foreign, ticket, secrets = [] }: Analyst): Promise<void> {
  const told = async (name: string, tenant: string): Promise<string> => {
    await page.goto(`${url}/${name}?tenant=${tenant}&ticket=${ticket}`);
    await page.waitForSelector('main .state.quiet .choices');
    return (await page.locator('main .state.quiet').innerText()).replaceAll(tenant, 'THAT');
  };
  const nothing = await told('now', 'nobody-at-all');
  for (const name of PAGES) {
    expectEqual(`what ${name} says of another tenant`, await told(name, foreign), nothing);
    const text = await seen(page);
    for (const word of secrets) if (text.includes(word)) throw new Error(`${name} of another tenant shows ${word}`);
  }
}

/** Within their own tenant, by what only the other one has. */
async function tampers({ page }: Opened, { url, own, foreign, ticket, queue, secrets = [] }: Analyst): Promise<void> {
  await page.goto(`${url}/ticket?tenant=${own}&ticket=${ticket}`);
  await settled(page);
  expectEqual('lanes of a ticket of another tenant', await page.locator('svg.lanes').count(), 0);
  await page.goto(`${url}/now?tenant=${own}&queue=${queue}&open=now%2Ftickets&made=now%2Fcells`);
  await page.waitForSelector('dialog.drill .state.quiet');
  expectEqual('rows of a queue of another tenant', await page.locator('dialog.drill table.rows').count(), 0);
  await page.goto(`${url}/agents?tenant=${own}&open=queues%2Fcreated&o.tenant=${foreign}`);
  await page.waitForSelector('dialog.drill .state.quiet');
  const csv = await (await page.request.get(`${url}/api/queries/ticket/search.csv?tenant=${foreign}&search=`)).text();
  expectEqual('lines of a file of another tenant', csv.trimEnd().split('\n').length, 1);
  const text = await seen(page);
  for (const word of secrets) if (text.includes(word)) throw new Error(`what was opened shows ${word}`);
}

async function logsOut({ page }: Opened, { url, own }: Analyst): Promise<void> {
  await page.goto(`${url}/now?tenant=${own}`);
  await settled(page);
  await page.locator('header.top button').last().click();
  await page.waitForSelector('.login form');
  expectEqual('the answer after logging out', (await page.request.get(`${url}/api/queries/now/cells?tenant=${own}`)).status(), 401);
  await page.goBack();
  await until(page, `document.querySelector('.login form') !== null`);
}

export async function isolation(opened: Opened, analyst: Analyst): Promise<void> {
  await logIn(opened, analyst);
  await looksAround(opened, analyst);
  await asksForAnother(opened, analyst);
  await tampers(opened, analyst);
  await logsOut(opened, analyst);
}
