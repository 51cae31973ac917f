// One HTTP request, read as ClickHouse reads it: what of the URL and headers is transport,
// what is a query parameter, and what is left over, which is a setting for this query only.
// The query, its parameters and its settings are bytes, since SQL may hold any.
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Account, Accounts, Credentials } from './accounts.ts';
import { failure } from './errors.ts';
import type { Pin, Profile } from './engine.ts';
import { textOf } from './text.ts';

export interface QueryRequest {
  readonly queryId: string;
  readonly query: string | undefined;
  readonly defaultFormat: string;
  readonly profile: Profile;
  readonly pin: Pin | undefined;
  /** GET and HEAD never write, and neither does a named session with `readonly` in the URL. */
  readonly readonly: 'no' | 'method' | 'setting';
  readonly waitEndOfQuery: boolean;
  readonly bufferBytes: number;
  readonly acceptEncoding: string;
  readonly contentEncoding: string;
  /** compress=1 and decompress=1: native blocks for the answer, and in the body. */
  readonly answerInBlocks: boolean;
  readonly bodyInBlocks: boolean;
  /** http_write_exception_in_output_format=1 */
  readonly exceptionsAsRows: boolean;
  readonly userAgent: string;
  readonly parameters: URLSearchParams;
}

/** Parameters that steer the HTTP exchange; the engine in process has no use for them. */
const TRANSPORT = new Set(['query', 'user', 'password', 'quota_key', 'database', 'default_format', 'query_id', 'session_id', 'session_timeout',
  'session_check', 'close_session', 'buffer_size', 'wait_end_of_query', 'stacktrace', 'compress', 'decompress', 'client_protocol_version',
  'enable_http_compression', 'http_zlib_compression_level', 'send_progress_in_http_headers', 'http_headers_progress_interval_ms',
  'cancel_http_readonly_queries_on_client_close', 'add_http_cors_header', 'http_wait_end_of_query', 'http_response_buffer_size',
  'http_write_exception_in_output_format']);

export const EXPRESSIONS_IN_VALUES = new Set(['input_format_values_interpret_expressions', 'input_format_values_deduce_templates_of_expressions']);

const MAX_SESSION_SECONDS = 3600;

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function flag(parameters: URLSearchParams, name: string): boolean {
  return ['1', 'true'].includes(parameters.get(name) ?? '');
}

function pinOf(parameters: URLSearchParams): Pin | undefined {
  const id = parameters.get('session_id') ?? '';
  if (id === '') return undefined;
  const given = parameters.get('session_timeout') ?? '60';
  if (!/^\d+$/.test(given)) throw failure(374, 'INVALID_SESSION_TIMEOUT', `Invalid session timeout: '${given}'`);
  if (Number(given) > MAX_SESSION_SECONDS) {
    throw failure(374, 'INVALID_SESSION_TIMEOUT', `Session timeout '${given}' is larger than max_session_timeout: ${MAX_SESSION_SECONDS}.`);
  }
  return { id, timeoutSeconds: Number(given), mustExist: flag(parameters, 'session_check') };
}

function settingsOf(parameters: URLSearchParams): Map<string, string> {
  const settings = new Map<string, string>();
  for (const [name, value] of parameters) {
    if (TRANSPORT.has(name) || name.startsWith('param_')) continue;
    // Whether values are read as expressions is decided by the data; a request may only switch it off.
    if (EXPRESSIONS_IN_VALUES.has(name) && value !== '0' && value !== 'false') continue;
    if (name === 'role') throw failure(48, 'NOT_IMPLEMENTED', 'Roles need a ClickHouse server; here a user has one.');
    if (!/^[A-Za-z_]\w*$/.test(name)) throw failure(115, 'UNKNOWN_SETTING', `Setting ${name} is neither a builtin setting nor started with the prefix 'SQL_' registered for user-defined settings.`);
    settings.set(name, value);
  }
  return settings;
}

/** Percent-decoding into bytes; what isn't valid stays as it is. Node hands raw bytes of a URL over as latin1. */
function unescaped(part: string): string {
  return part.replaceAll('+', ' ').replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The names and values are bytes. */
export function parametersOf(request: IncomingMessage): URLSearchParams {
  const at = request.url?.indexOf('?') ?? -1;
  const parts = at < 0 ? [] : (request.url ?? '').slice(at + 1).split('&').filter((part) => part !== '');
  return new URLSearchParams(parts.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return equals < 0 ? [unescaped(part), ''] : [unescaped(part.slice(0, equals)), unescaped(part.slice(equals + 1))];
  }));
}

/** It comes back in a header, and is written to the log. */
function queryIdOf(parameters: URLSearchParams): string {
  const id = textOf(parameters.get('query_id') ?? '') || randomUUID();
  if (!/^[\x20-\x7e]{1,200}$/.test(id)) throw failure(36, 'BAD_ARGUMENTS', 'A query_id has 200 characters at most, of ASCII.');
  return id;
}

/** `also` holds the fields of a multipart form, which count as if they stood in the URL. */
export function readRequest(request: IncomingMessage, account: Account, { also, ignored }: { readonly also: Iterable<readonly [string, string]>; readonly ignored: ReadonlySet<string> }): QueryRequest {
  const parameters = parametersOf(request);
  for (const [name, value] of also) parameters.set(name, value);
  const settings = settingsOf(new URLSearchParams([...parameters].filter(([name]) => !ignored.has(name))));
  const pin = pinOf(parameters);
  const isAnalyst = account.kind === 'analyst';
  const readonlySetting = isAnalyst || (pin !== undefined && (settings.get('readonly') ?? '0') !== '0');
  if (pin !== undefined) settings.delete('readonly');
  const method = request.method === 'GET' || request.method === 'HEAD';
  const bound = [...parameters].filter(([name]) => /^param_\w+$/.test(name)).map(([name, value]) => [name.slice(6), value] as const);
  return {
    queryId: queryIdOf(parameters),
    query: parameters.get('query') ?? undefined,
    defaultFormat: parameters.get('default_format') || header(request.headers, 'x-clickhouse-format') || 'TabSeparated',
    profile: { database: parameters.get('database') || header(request.headers, 'x-clickhouse-database'), settings, parameters: new Map(bound), account },
    pin,
    readonly: method ? 'method' : readonlySetting ? 'setting' : 'no',
    waitEndOfQuery: flag(parameters, 'wait_end_of_query') || flag(parameters, 'http_wait_end_of_query'),
    bufferBytes: Math.min(Number(parameters.get('buffer_size') ?? NaN) || 1_048_576, 64 * 1_048_576),
    acceptEncoding: flag(parameters, 'enable_http_compression') ? header(request.headers, 'accept-encoding') ?? '' : '',
    contentEncoding: header(request.headers, 'content-encoding')?.trim().toLowerCase() ?? '',
    answerInBlocks: flag(parameters, 'compress'),
    bodyInBlocks: flag(parameters, 'decompress'),
    exceptionsAsRows: flag(parameters, 'http_write_exception_in_output_format'),
    userAgent: header(request.headers, 'user-agent') ?? '',
    parameters,
  };
}

function credentialsOf(request: IncomingMessage): Credentials & { readonly given: boolean } {
  const parameters = parametersOf(request);
  const { headers } = request;
  const named = header(headers, 'x-clickhouse-user') ?? header(headers, 'x-clickhouse-key');
  const basic = /^Basic\s+(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1];
  const inUrl = parameters.has('user') || parameters.has('password');
  if ([named !== undefined, basic !== undefined, inUrl].filter(Boolean).length > 1) {
    throw failure(516, 'AUTHENTICATION_FAILED', 'Invalid authentication: it is not allowed to use X-ClickHouse HTTP headers, the Authorization HTTP header and authentication via parameters simultaneously.');
  }
  if (named !== undefined) return { user: header(headers, 'x-clickhouse-user') ?? 'default', password: header(headers, 'x-clickhouse-key') ?? '', given: true };
  if (basic !== undefined) {
    const text = Buffer.from(basic, 'base64').toString();
    const colon = text.indexOf(':');
    return { user: colon < 0 ? text : text.slice(0, colon), password: colon < 0 ? '' : text.slice(colon + 1), given: true };
  }
  return { user: textOf(parameters.get('user') ?? '') || 'default', password: textOf(parameters.get('password') ?? ''), given: inUrl };
}

/** @throws ClickHouseError as a server would, whether the name is unknown or the password wrong. */
export function authenticate(request: IncomingMessage, accounts: Accounts): Account {
  const { user, password, given } = credentialsOf(request);
  const account = accounts.find({ user, password });
  if (account !== undefined) return account;
  const text = `${user}: Authentication failed: password is incorrect, or there is no user with such name.`;
  throw given ? failure(516, 'AUTHENTICATION_FAILED', text) : failure(194, 'REQUIRED_PASSWORD', text);
}
