// What the server sends by itself: an answer whenever it changes, and each second that it has not. Says how old what is shown is.
import { useEffect, useState } from 'preact/hooks';
import { get, Refused, type Answer } from './api.ts';

export interface Lively {
  readonly answer: Answer | null;
  /** When the answer was last known to be right, by the server's clock, ms. */
  readonly at: number | null;
  /** The server's clock minus ours, ms: ages run by the server's. */
  readonly ahead: number;
  readonly connection: 'connecting' | 'live' | 'lost' | 'stale';
  /** Why there is no answer, or no newer one. */
  readonly failure: Refused | null;
}

const nothing: Lively = { answer: null, at: null, ahead: 0, connection: 'connecting', failure: null };
/** Without a word for so long, the connection is taken for lost. */
const SILENCE_MS = 6_000;
/** A browser connects again by itself unless it was refused. */
const AGAIN_MS = 5_000;

async function isLoggedOut(): Promise<boolean> {
  const me = (await get('/api/me').catch(() => null)) as { login: boolean; user: string | null } | null;
  return me?.login === true && me.user === null;
}

const refusedBy = (said: unknown): Refused => {
  const { status, code, message } = said as { status: number; code: string; message: string };
  return new Refused(status, code, message);
};

const parsed = (event: Event): unknown => JSON.parse((event as MessageEvent<string>).data);

export function useLive(query: URLSearchParams): Lively {
  const [state, setState] = useState(nothing);
  const [attempt, setAttempt] = useState(0);
  const path = `/api/live?${query.toString()}`;
  useEffect(() => {
    const source = new EventSource(path);
    let silence: ReturnType<typeof setTimeout>;
    let again: ReturnType<typeof setTimeout>;
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => setState((before) => ({ ...before, connection: before.answer === null ? 'connecting' : 'lost' })), SILENCE_MS);
    };
    heard();
    source.addEventListener('answer', (event) => {
      heard();
      const answer = parsed(event) as Answer;
      const at = Date.parse(answer.at);
      // A stale answer's own time is no clock.
      setState((before) => ({ answer, at, ahead: answer.stale === undefined ? at + answer.took_ms - Date.now() : before.ahead, connection: answer.stale === undefined ? 'live' : 'stale', failure: null }));
    });
    source.addEventListener('same', (event) => {
      heard();
      const at = Date.parse((parsed(event) as { at: string }).at);
      setState((before) => ({ ...before, at, connection: before.answer?.stale === undefined ? 'live' : 'stale' }));
    });
    source.addEventListener('failed', (event) => {
      heard();
      setState((before) => ({ ...before, connection: before.answer === null ? 'connecting' : 'stale', failure: refusedBy(parsed(event)) }));
    });
    source.addEventListener('error', () => {
      setState((before) => ({ ...before, connection: before.answer === null ? 'connecting' : 'lost' }));
      if (source.readyState !== EventSource.CLOSED) return;
      again = setTimeout(() => void isLoggedOut().then((isOut) => (isOut ? location.reload() : setAttempt(attempt + 1))), AGAIN_MS);
    });
    return () => {
      clearTimeout(silence);
      clearTimeout(again);
      source.close();
    };
  }, [path, attempt]);
  return state;
}

/** The server's present, each second. */
export function useNow(ahead: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const every = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(every);
  }, []);
  return now + ahead;
}
