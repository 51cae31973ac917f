// ClickHouse as its users ask it: made by the command, asked over HTTP.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { environment } from '../system/support.ts';
import type { Parameters } from './tenant-attempts.ts';

export const endpoint = new URL(environment.clickhouseUrl);

export interface Login { readonly name: string; readonly password: string }
export interface Answer { readonly status: number; readonly text: string; readonly headers: Headers }

export async function access(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, ['infra/start/run.mjs', 'infra/access/access.ts', ...args])).stdout;
}

export async function added(name: string, ...options: string[]): Promise<Login> {
  const password = /password of \S+: (\S+)/.exec(await access('add', name, ...options))?.[1] ?? '';
  return { name, password };
}

export async function ask({ name, password }: Login, sql: string | FormData | Uint8Array<ArrayBuffer>, parameters: Parameters = {}, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(`${endpoint.protocol}//${endpoint.host}/?${new URLSearchParams({ database: 'queue', ...parameters }).toString()}`, {
    method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`, ...headers }, body: sql,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

export const root: Login = { name: decodeURIComponent(endpoint.username) || 'default', password: decodeURIComponent(endpoint.password) };
export async function given(login: Login, sql: string, parameters: Parameters = {}): Promise<string> {
  const answer = await ask(login, sql, parameters);
  expect(answer.status, `${sql}: ${answer.text}`).toBe(200);
  return answer.text.trim();
}
