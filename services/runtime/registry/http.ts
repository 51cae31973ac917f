// One request to the registry: host, credentials, CA and deadline, the same for what the package
// asks and for what we add to it. The package's own HTTP layer (mappersmith 2.47) is passed by;
// tried against a stub, it waits for ever when an answer is cut off, has no deadline, ends in an
// unhandled rejection (which ends a service) when an error's body is `null`, says status 400 when
// nobody answers, and takes a redirect for success.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { messageOf, RuntimeError } from '../errors.ts';

export interface RegistryAccess {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM; replaces the system's authorities. */
  readonly ca?: string;
}

/** An answer that is no success. `status` is what the package goes by. */
export class RegistryRefusal extends RuntimeError {
  readonly status: number;
  readonly path: string;

  constructor(request: string, path: string, { status, body }: Answer) {
    super(status === 409 || status === 422 ? 'SCHEMA_REFUSED' : 'REGISTRY_UNAVAILABLE', `${request}: ${status} ${body.slice(0, 2_000)}${hints[status] ?? ''}`);
    this.status = status;
    this.path = path;
  }
}

export interface Body {
  readonly content: string | Buffer;
  readonly type: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 5_000;

const credentialsHint = ' (SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD are what it is asked with)';
const hints: Readonly<Record<number, string>> = { 401: credentialsHint, 403: credentialsHint };

const untrusted = new Set(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT']);

/** A name with several addresses fails with one error for each and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  const { code } = error as { code?: string };
  return messageOf(error) + (code !== undefined && untrusted.has(code) ? ' (SCHEMA_REGISTRY_CA_FILE names the authorities to trust)' : '');
}

export class RegistryHttp {
  readonly url: string;
  readonly #access: RegistryAccess;

  constructor(access: RegistryAccess) {
    this.url = access.url;
    this.#access = access;
  }

  /** @param body becomes JSON. @throws RuntimeError whatever goes wrong; RegistryRefusal when the registry said no. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const content = body === undefined ? undefined : { content: JSON.stringify(body), type: 'application/vnd.schemaregistry.v1+json' };
    const answer = await this.send(method, this.url + path, content);
    const request = `${method} ${path}`;
    if (answer.status < 200 || answer.status > 299) throw new RegistryRefusal(request, path, answer);
    try {
      return JSON.parse(answer.body) as unknown;
    } catch (error) {
      // A proxy's page instead of the registry: a raw SyntaxError would end a consumer for good.
      throw new RuntimeError('REGISTRY_UNAVAILABLE', `${request}: the answer is not JSON`, { cause: error });
    }
  }

  async send(method: string, url: string, body?: Body): Promise<Answer> {
    try {
      return await this.#exchange(method, url, body);
    } catch (error) {
      throw new RuntimeError('REGISTRY_UNAVAILABLE', `${method} ${url}: ${reasonOf(error)}`, { cause: error });
    }
  }

  #exchange(method: string, url: string, body: Body | undefined): Promise<Answer> {
    const { user, password, ca } = this.#access;
    return new Promise((resolve, reject) => {
      const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
        method,
        headers: body === undefined ? {} : { 'content-type': body.type },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        // A connection for each request: they are few, and a kept one may be closed by the time it is used.
        agent: false,
        ...(user === undefined ? {} : { auth: `${user}:${password ?? ''}` }),
        ...(ca === undefined ? {} : { ca }),
      });
      request.on('error', reject);
      request.on('response', (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject);
      });
      request.end(body?.content);
    });
  }
}
