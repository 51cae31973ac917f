// npm run browser -- --url URL --out FOLDER: opens every page of a running dashboard in Chromium, on a phone, a desk and a wall, light
// and dark, in both languages, and each state of one; writes pictures; runs the journeys and axe-core; ends with 1 when anything is
// wrong. With --ingress also the journeys that change something. A short part of it is in npm test: test/integration/browser.test.ts.
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { program } from 'commander';
import type { Browser } from 'playwright-core';
import { messageOf } from '../../services/runtime/errors.ts';
import { endWithMessage } from '../../infra/local/supervisor/signals.ts';
import { changingJourneys } from './changing.ts';
import { findChromium, launch } from './chromium.ts';
import { accessibility, journeys, settled, type Journey } from './journeys.ts';
import { states } from './states.ts';
import { DESK, open, overflow, type Look } from './window.ts';

interface Options {
  readonly url: string;
  readonly out: string;
  readonly filters: string;
  readonly small?: string;
  readonly ingress?: string;
}

const SIZES = [['phone', 390, 844], ['desk', 1_440, 900], ['wall', 1_920, 1_080]] as const;
const looks: readonly Look[] = SIZES.flatMap(([name, width, height]) => (['light', 'dark'] as const).flatMap((theme) => (['en', 'de'] as const).map((language) => ({ name: `${name}-${theme}-${language}`, width, height, theme, language }))));
/** Looks at a page under another name. */
const PAGES_OF: Readonly<Record<string, string>> = { drill: 'now', choose: 'agents', walled: 'now' };
/** Those that are as large as the window. */
const NOT_WHOLE = new Set(['drill', 'walled']);

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
  const pages = [['now', ''], ['walled', 'wall=1'], ['queues', ''], ['sla', ''], ['agents', `queue=${encodeURIComponent(queue)}`], ['choose', ''], ['ticket', `ticket=${encodeURIComponent(ticket)}`], ['pipeline', ''], ['drill', 'open=now%2Ftickets&made=now%2Fcells&o.which=waiting']] as const;
  const problems: string[] = [];
  for (const look of looks) {
    for (const [name, more] of pages) {
      const { page, errors } = await open(browser, look);
      await page.goto(`${options.url}/${PAGES_OF[name] ?? name}?${options.filters}&${more}`);
      await settled(page);
      await page.screenshot({ path: join(options.out, `${name}-${look.name}.png`), fullPage: !NOT_WHOLE.has(name) });
      problems.push(...[...errors, ...await accessibility(page), ...await overflow(page)].map((problem) => `${name}, ${look.name}: ${problem}`));
      await page.context().close();
    }
    console.log(`${look.name}: ${pages.length} pictures`);
  }
  return problems;
}

async function statePictures(browser: Browser, { url, out, filters }: Options): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, path, more, arrange, shows } of states) {
    const { page } = await open(browser, DESK);
    await arrange(page);
    // The last one of a name counts.
    const query = new URLSearchParams(filters);
    for (const [key, value] of new URLSearchParams(more)) query.set(key, value);
    await page.goto(`${url}/${path}?${query.toString()}`);
    const isThere = await page.waitForSelector(shows).then(() => true, () => false);
    await page.screenshot({ path: join(out, `state-${name}.png`) });
    problems.push(...[...(isThere ? [] : [`there is no ${shows}`]), ...await accessibility(page)].map((problem) => `${name}: ${problem}`));
    // An answer that is on its way would fail for the page that asked for it.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
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

async function travel(browser: Browser, { url, filters }: Options, all: readonly Journey[]): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, go } of all) {
    const opened = await open(browser, DESK);
    const failure = await go({ ...opened, url, filters }).then(() => '', messageOf);
    problems.push(...[failure, ...opened.errors].filter((problem) => problem !== '').map((problem) => `${name}: ${problem}`));
    console.log(`${failure === '' ? 'OK ' : 'NO '} ${name}`);
    await opened.page.context().close();
  }
  return problems;
}

async function main(given: Options): Promise<void> {
  const here = (folder: string): string => resolve(process.env['INIT_CWD'] ?? '.', folder);
  const options = { ...given, out: here(given.out), ...(given.small === undefined ? {} : { small: here(given.small) }) };
  await mkdir(options.out, { recursive: true });
  const changing = options.ingress === undefined ? [] : await changingJourneys({ ...options, ingressUrl: options.ingress });
  const browser = await launch(await findChromium(process.env, console.error));
  try {
    if (options.small !== undefined) await smallPictures(browser, options);
    // What comes now moves the latest range of the desk: the pictures are taken before.
    const problems = [...await travel(browser, options, journeys), ...await pictures(browser, options), ...await statePictures(browser, options), ...await travel(browser, options, changing)];
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
  .option('--ingress <url>', 'a door before that dashboard: sends it a ticket to see it arrive, and makes an analyst of ClickHouse who logs in, for as long as it takes')
  .option('--small <folder>', 'write the three pictures of the dashboard’s README there, too')
  .action(main).parseAsync().catch(endWithMessage);
