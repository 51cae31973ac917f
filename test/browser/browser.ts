// npm run browser -- --url URL --out FOLDER: opens every page of a running dashboard in Chromium, light and dark, on a desk, a
// phone and a wall, and each state of one; writes pictures; runs the journeys and axe-core; ends with 1 when anything is wrong. Not a part of npm test,
// which must not need a browser.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { program } from 'commander';
import { chromium, type Browser, type Page } from 'playwright-core';
import { messageOf } from '../../services/runtime/errors.ts';
import { endWithMessage } from '../../infra/local/supervisor/signals.ts';
import { chromiumPath } from './chromium.ts';
import { accessibility, journeys, settled } from './journeys.ts';
import { states } from './states.ts';

interface Options {
  readonly url: string;
  readonly out: string;
  readonly filters: string;
  readonly small?: string;
}

interface Look {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly theme: 'light' | 'dark';
  /** Of a picture's points to the page's. */
  readonly scale?: number;
}

const looks: readonly Look[] = [
  { name: 'desk', width: 1_440, height: 900, theme: 'light' },
  { name: 'desk-dark', width: 1_440, height: 900, theme: 'dark' },
  { name: 'phone', width: 390, height: 844, theme: 'light' },
];
/** Looks at a page under another name. */
const PAGES_OF: Readonly<Record<string, string>> = { drill: 'now', choose: 'agents' };
const wall: Look = { name: 'wall', width: 1_920, height: 1_080, theme: 'dark' };

interface Opened {
  readonly page: Page;
  readonly errors: string[];
}

async function open(browser: Browser, { width, height, theme, scale = 1 }: Look): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: theme, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    if (!/^(https?:\/\/(127\.0\.0\.1|localhost)[:/]|data:)/.test(request.url())) errors.push(`asked another host: ${request.url()}`);
  });
  return { page, errors };
}

/** A queue and a ticket to look at: those of the first page. */
async function examples({ url, filters }: Options): Promise<{ queue: string; ticket: string }> {
  const ask = async (name: string, more: string): Promise<Record<string, unknown>[]> => ((await (await fetch(`${url}/api/queries/${name}?${filters}&${more}`)).json()) as { rows: Record<string, unknown>[] }).rows;
  const [queue] = await ask('desk/queue-names', '');
  const found = await ask('ticket/search', 'search=&limit=200');
  const lively = found.find((row) => Number(row['reopens']) > 0) ?? found[0];
  return { queue: String(queue?.['queue_id']), ticket: String(lively?.['ticket_id']) };
}

async function pictures(browser: Browser, options: Options): Promise<string[]> {
  const { queue, ticket } = await examples(options);
  const pages = [['now', ''], ['queues', ''], ['sla', ''], ['agents', `queue=${encodeURIComponent(queue)}`], ['choose', ''], ['ticket', `ticket=${encodeURIComponent(ticket)}`], ['pipeline', ''], ['drill', 'open=now%2Ftickets&made=now%2Fcells&o.which=waiting']] as const;
  const problems: string[] = [];
  const visit = async (look: Look, name: string, path: string): Promise<void> => {
    const { page, errors } = await open(browser, look);
    await page.goto(`${options.url}/${path}`);
    await settled(page);
    await page.screenshot({ path: join(options.out, `${name}-${look.name}.png`), fullPage: look !== wall && name !== 'drill' });
    problems.push(...[...errors, ...await accessibility(page)].map((problem) => `${name}, ${look.name}: ${problem}`));
    const [content, viewport] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, document.documentElement.clientWidth]');
    if (content > viewport) problems.push(`${name}, ${look.name}: is ${content - viewport} px wider than the screen`);
    await page.context().close();
    console.log(`${name}-${look.name}.png`);
  };
  for (const look of looks) for (const [name, more] of pages) await visit(look, name, `${PAGES_OF[name] ?? name}?${options.filters}&${more}`);
  await visit(wall, 'now', `now?${options.filters}&wall=1`);
  return problems;
}

async function statePictures(browser: Browser, { url, out, filters }: Options): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, path, more, arrange, shows } of states) {
    const { page } = await open(browser, looks[0] ?? wall);
    await arrange(page);
    // The last one of a name counts.
    const query = new URLSearchParams(filters);
    for (const [key, value] of new URLSearchParams(more)) query.set(key, value);
    await page.goto(`${url}/${path}?${query.toString()}`);
    const isThere = await page.waitForSelector(shows).then(() => true, () => false);
    await page.screenshot({ path: join(out, `state-${name}.png`) });
    problems.push(...[...(isThere ? [] : [`there is no ${shows}`]), ...await accessibility(page)].map((problem) => `${name}: ${problem}`));
    await page.context().close();
    console.log(`state-${name}.png`);
  }
  return problems;
}

/** What the dashboard's README shows. */
async function smallPictures(browser: Browser, { url, filters, small = '' }: Options): Promise<void> {
  const { ticket } = await examples({ url, filters, out: '' });
  for (const [name, more] of [['now', ''], ['queues', ''], ['ticket', `ticket=${encodeURIComponent(ticket)}`]] as const) {
    const { page } = await open(browser, { name, width: 1_280, height: 800, theme: 'light', scale: 0.6 });
    await page.goto(`${url}/${name}?${filters}&${more}`);
    await settled(page);
    await page.screenshot({ path: join(small, `${name}.png`) });
    await page.context().close();
  }
}

async function travel(browser: Browser, { url, filters }: Options): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, go } of journeys) {
    const { page, errors } = await open(browser, looks[0] ?? wall);
    const failure = await go({ page, url, filters }).then(() => '', messageOf);
    problems.push(...[failure, ...errors].filter((problem) => problem !== '').map((problem) => `${name}: ${problem}`));
    console.log(`${failure === '' ? 'OK ' : 'NO '} ${name}`);
    await page.context().close();
  }
  return problems;
}

async function main(given: Options): Promise<void> {
  const here = (folder: string): string => resolve(process.env['INIT_CWD'] ?? '.', folder);
  const options = { ...given, out: here(given.out), ...(given.small === undefined ? {} : { small: here(given.small) }) };
  await mkdir(options.out, { recursive: true });
  const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
  try {
    if (options.small !== undefined) await smallPictures(browser, options);
    const problems = [...await travel(browser, options), ...await pictures(browser, options), ...await statePictures(browser, options)];
    console.log(problems.length === 0 ? `Nothing is wrong. Pictures: ${options.out}` : `\n${problems.join('\n')}`);
    process.exitCode = problems.length === 0 ? 0 : 1;
  } finally {
    await browser.close();
  }
}

await program.name('npm run browser --').description('Every page of a running dashboard in Chromium: journeys, accessibility, pictures')
  .option('--url <url>', 'of the dashboard', 'http://127.0.0.1:9104')
  .option('--out <folder>', 'for the pictures', 'dashboard-pictures')
  .option('--filters <query>', 'as an address says them', 'tenant=parcelhaus&zone=Europe/Berlin')
  .option('--small <folder>', 'write the three pictures of the dashboard’s README there, too')
  .action(main).parseAsync().catch(endWithMessage);
