// A window of the browser, and what goes wrong in it that nobody would see: errors in the console, requests to other hosts.
import type { Browser, Page } from 'playwright-core';

export interface Look {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly theme: 'light' | 'dark';
  readonly language?: 'en' | 'de';
  /** Of a picture's points to the page's. */
  readonly scale?: number;
}

export interface Opened {
  readonly page: Page;
  /** Told so far. */
  readonly errors: string[];
}

export const DESK: Look = { name: 'desk', width: 1_440, height: 900, theme: 'light' };

const LOCALES = { en: 'en-GB', de: 'de-DE' };

export async function open(browser: Browser, { width, height, theme, language = 'en', scale = 1 }: Look): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: theme, locale: LOCALES[language], timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('request', (request) => {
    if (!/^(https?:\/\/(127\.0\.0\.1|localhost)[:/]|data:)/.test(request.url())) errors.push(`asked another host: ${request.url()}`);
  });
  return { page, errors };
}

/** What is wider than its screen makes one scroll to the side. */
export async function overflow(page: Page): Promise<string[]> {
  const [content, viewport] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, document.documentElement.clientWidth]');
  return content > viewport ? [`is ${content - viewport} px wider than the screen`] : [];
}
