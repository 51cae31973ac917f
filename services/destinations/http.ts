// One request to a vendor's API: in its turn, within its time, and what the answer means. Nothing that is said of it holds a
// secret: neither an error nor a log line shows a query or a header, and secrets are taken out of everything else.
import { isOutage } from '../runtime/consumer.ts';
import { messageOf } from '../runtime/errors.ts';
import { NotNow, Refused } from './failures.ts';
import { Limits, type Limit } from './limits.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the base on, e.g. `/1/cards`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** One of three bodies. */
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Besides those of all requests: e.g. of the chat that it goes to. */
  readonly limits?: readonly Limit[];
  /** What of its answer is read: of what is given in pages, more than of one thing. */
  readonly mostBytes?: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Of JSON what it says, else the text. */
  readonly body: unknown;
}

export interface Api {
  /** @throws NotNow, Refused, or the signal's reason. */
  readonly request: (request: ApiRequest) => Promise<ApiAnswer>;
}

export interface ApiOptions {
  /** As people call the vendor; the first word of every error. */
  readonly name: string;
  readonly baseUrl: string;
  /** Of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Taken out of all that is said. */
  readonly secrets: readonly string[];
  readonly limits?: readonly Limit[];
  /** For a request and all of its answer. */
  readonly timeoutMs?: number;
  /** Statuses below 500 that wait besides 408, 425 and 429: e.g. 401, when credentials of ours are at fault and not the event. */
  readonly alsoNotNow?: readonly number[];
  /** Of a vendor that says something in JSON whenever it did something: any other answer (a proxy's page, half an answer) tells nothing. */
  readonly answersJson?: boolean;
  /** For a vendor that says in the body for how long to wait. */
  readonly retryAfterMs?: (body: string) => number;
  /** Instead of sending what would change something: see `dryRun`. */
  readonly pretend?: (request: ApiRequest) => unknown;
}

const TIMEOUT_MS = 10_000;
/** More than an answer that tells of one thing has. */
const MOST_BYTES = 4_194_304;
/** More than a page of a thousand. */
export const MOST_BYTES_OF_A_PAGE = 67_108_864;
/** Of an answer that says no: for people, shortened. */
const MOST_OF_A_REFUSAL = 65_536;
const NOT_NOW = [408, 425, 429];
const MOST_SAID = 300;
/** After a 429 that doesn't say for how long. */
const PAUSE_MS = 1_000;
/** Whoever asks for more is asked again all the same: what it says may be wrong, and would hold until a restart. */
const LONGEST_ASKED_MS = 3_600_000;

/** The text without the secrets, also as a URL has them. */
export function redacted(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).filter((form) => form !== '').sort((a, b) => b.length - a.length);
  return forms.reduce((rest, form) => rest.replaceAll(form, '***'), text);
}

/** Seconds, or a date. */
export function retryAfterMs(header: string | null, now = Date.now()): number {
  if (header === null || header.trim() === '') return 0;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1_000;
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

/** Half a character, such as a cut leaves, is no text to many vendors: they would refuse all of it. */
const wellFormed = (_name: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value);

function bodyOf({ json, form, body }: ApiRequest): { readonly body?: string; readonly type?: string } {
  if (json !== undefined) return { body: JSON.stringify(json, wellFormed), type: 'application/json' };
  if (form !== undefined) return { body: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' };
  return body === undefined ? {} : { body };
}

function urlOf(baseUrl: string, { path, query = {} }: ApiRequest): URL {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

const isJson = (headers: Headers): boolean => headers.get('content-type')?.includes('json') === true;

interface Answered {
  readonly response: Response;
  readonly text: string;
  /** Why the text is not all of it; null when it is. */
  readonly broken: string | null;
}

/** Reads no more than so many bytes; what came until the answer broke off, or its time was over, is kept. */
async function answered(response: Response, most: number): Promise<Answered> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let broken: string | null = null;
  try {
    for await (const part of response.body ?? []) {
      parts.push((part as Uint8Array).subarray(0, most - bytes));
      bytes += (part as Uint8Array).length;
      if (bytes <= most) continue;
      broken = `its answer has more than ${most} bytes`;
      break; // which ends the connection
    }
  } catch (error) {
    broken = `its answer broke off: ${messageOf(error)}`;
  }
  return { response, text: new TextDecoder().decode(Buffer.concat(parts)), broken };
}

class HttpApi implements Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async request(request: ApiRequest): Promise<ApiAnswer> {
    const { name, secrets, limits: ofAll = [] } = this.#options;
    const limits = new Limits([...ofAll, ...request.limits ?? []]);
    await limits.turn(request.signal).catch((error: unknown) => {
      throw error instanceof NotNow ? new NotNow(`${name} ${error.message}`, error) : error;
    });
    const what = redacted(`${name}: ${request.method} ${request.path.split('?')[0] ?? ''}`, secrets);
    const answer = await this.#send(request, what);
    const { response, text } = answer;
    if (response.ok) return { status: response.status, headers: response.headers, body: this.#parsed(answer, what) };
    const failure = this.#failure(response, what, text);
    if (failure instanceof NotNow && (response.status === 429 || failure.retryAfterMs > 0)) limits.pause(failure.retryAfterMs > 0 ? failure.retryAfterMs : PAUSE_MS);
    throw failure;
  }

  async #send(request: ApiRequest, what: string): Promise<Answered> {
    const { baseUrl, headers = {}, secrets, timeoutMs = TIMEOUT_MS } = this.#options;
    const { body, type } = bodyOf(request);
    const timeLimit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(urlOf(baseUrl, request), {
        method: request.method,
        headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers, ...request.headers },
        ...(body === undefined ? {} : { body }),
        // Whoever is sent elsewhere would take the credentials along.
        redirect: 'manual',
        signal: request.signal === undefined ? timeLimit : AbortSignal.any([request.signal, timeLimit]),
      });
      const answer = await answered(response, response.ok ? request.mostBytes ?? MOST_BYTES : MOST_OF_A_REFUSAL);
      if (answer.broken !== null) request.signal?.throwIfAborted();
      return answer;
    } catch (error) {
      if (request.signal?.aborted === true) throw request.signal.reason;
      if (timeLimit.aborted) throw new NotNow(`${what}: no answer within ${timeoutMs / 1_000} s`, { sent: true });
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${messageOf(error.cause)}` : '';
      const said = redacted(`${what}: ${messageOf(error)}${cause}`, secrets);
      // Not even sent, and never will be: an address that is none, a header with a line break.
      if (!isOutage(error) && (cause === '' || /bad port|unknown scheme/.test(cause))) throw new Refused(said, { status: 0, said });
      throw new NotNow(said, { sent: !/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(cause) });
    }
  }

  /** Where the status says all, what else is said needs not be whole. */
  #parsed({ response: { status, headers }, text, broken }: Answered, what: string): unknown {
    const { answersJson = false } = this.#options;
    if (!answersJson && !isJson(headers)) return text;
    try {
      if (broken === null) return JSON.parse(text);
    } catch {
      // Told below.
    }
    if (!answersJson) return text;
    throw new NotNow(`${what} was answered ${status}, but ${broken ?? 'not in JSON: something else may answer at this address, or the answer broke off'}`, { sent: true });
  }

  #failure({ status, headers }: Response, what: string, text: string): NotNow | Refused {
    const { secrets, alsoNotNow = [] } = this.#options;
    const line = redacted(text, secrets).replaceAll(/\s+/g, ' ').trim();
    const said = line.length > MOST_SAID ? `${line.slice(0, MOST_SAID)}…` : line;
    const message = `${what} was answered ${status}${said === '' ? '' : `: ${said}`}`;
    // Where somebody sends us elsewhere, the address is at fault, and no event.
    if (status >= 400 && status < 500 && !NOT_NOW.includes(status) && !alsoNotNow.includes(status)) return new Refused(message, { status, said });
    const asked = Math.max(retryAfterMs(headers.get('retry-after')), this.#options.retryAfterMs?.(text) ?? 0);
    return new NotNow(message, { retryAfterMs: Number.isNaN(asked) ? 0 : Math.min(asked, LONGEST_ASKED_MS), sent: status !== 429, status });
  }
}

export const createApi = (options: ApiOptions): Api => new HttpApi(options);

/** Reads what there is, and prints instead of sending what would change it. */
export function dryRun(options: ApiOptions, print: (line: string) => void): Api {
  const api = createApi(options);
  return {
    request: async (request) => {
      if (request.method === 'GET') return api.request(request);
      const { method, path, query, json, form, body } = request;
      const content = json ?? form ?? body ?? query;
      print(redacted(`${options.name}: would ${method} ${path} ${content === undefined ? '' : JSON.stringify(content)}`, options.secrets));
      return Promise.resolve({ status: 200, headers: new Headers(), body: options.pretend?.(request) ?? {} });
    },
  };
}
