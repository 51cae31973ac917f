// What the server answers, and how a page waits for it. While a new answer is under way the old one stays.
import { useEffect, useState } from 'preact/hooks';
import type { Answer, Cell, Column, Row } from '../answer.ts';

export type { Answer, Cell, Column, Row };

export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'Refused';
    this.status = status;
    this.code = code;
  }
}

async function read(response: Response): Promise<unknown> {
  const body = (await response.json().catch(() => ({}))) as { error?: { code?: string; message?: string } };
  if (response.ok) return body;
  throw new Refused(response.status, body.error?.code ?? 'failed', body.error?.message ?? response.statusText);
}

/** After a session has ended the way in is shown again. */
export async function get(path: string, signal?: AbortSignal): Promise<unknown> {
  const response = await fetch(path, { ...(signal === undefined ? {} : { signal }), headers: { accept: 'application/json' } })
    .catch((error: unknown) => {
      if (signal?.aborted === true) throw error;
      throw new Refused(0, 'unreachable', String(error));
    });
  if (response.status === 401) location.reload();
  return read(response);
}

export async function post(path: string, body: object): Promise<unknown> {
  return read(await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }));
}

export const pathOf = (name: string, query: URLSearchParams, ending = ''): string => `/api/queries/${name}${ending}?${query.toString()}`;

export interface Asked {
  readonly answer: Answer | null;
  readonly error: Refused | null;
  readonly isLoading: boolean;
}

const nothingYet: Asked = { answer: null, error: null, isLoading: true };

/** @param name null asks nothing. */
export function useAnswer(name: string | null, query: URLSearchParams): Asked {
  const [asked, setAsked] = useState<Asked>(nothingYet);
  const path = name === null ? null : pathOf(name, query);
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    setAsked((before) => ({ ...before, isLoading: true }));
    get(path, stop.signal).then(
      (answer) => setAsked({ answer: answer as Answer, error: null, isLoading: false }),
      (error: unknown) => {
        if (!stop.signal.aborted) setAsked(({ answer }) => ({ answer, error: error instanceof Refused ? error : new Refused(0, 'failed', String(error)), isLoading: false }));
      });
    return () => stop.abort();
  }, [path]);
  return path === null ? { answer: null, error: null, isLoading: false } : asked;
}

export const numberOf = (cell: Cell | undefined): number => (typeof cell === 'number' ? cell : 0);
export const numberOrNull = (cell: Cell | undefined): number | null => (typeof cell === 'number' ? cell : null);
export const textOf = (cell: Cell | undefined): string => (typeof cell === 'string' ? cell : cell === null || cell === undefined ? '' : String(cell));
/** ClickHouse writes instants in UTC without saying so. */
export const instantOf = (cell: Cell | undefined): number | null => (typeof cell === 'string' && cell !== '' ? Date.parse(`${cell.replace(' ', 'T')}Z`) : null);
