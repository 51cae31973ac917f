// Who connects, and how much one of them may have: connections of an address, and requests of one behind a trusted proxy, which
// brings those of many on connections of its own. Of whom a request is, says its connection; `Forwarded` and `X-Forwarded-For`
// are believed from trusted proxies only, since anybody can write them.
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { list } from '../config.ts';

export interface ClientLimits {
  /** Of all together. */
  readonly maxConnections: number;
  /** Of one address, or of one network of IPv6: a household has 2^64 addresses there. */
  readonly maxOfOneAddress: number;
  /** Addresses and networks. */
  readonly trustedProxies: readonly string[];
}

export const defaultClientLimits: ClientLimits = { maxConnections: 10_000, maxOfOneAddress: 1_000, trustedProxies: [] };

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** @throws Error for what is neither an address nor a network */
function parseNetwork(item: string): Network {
  const [address = '', bits, ...more] = item.split('/');
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const most = family === 'ipv6' ? 128 : 32;
  const prefix = bits === undefined ? most : /^\d+$/.test(bits) ? Number(bits) : NaN;
  if (isIP(address) === 0 || more.length > 0 || !(prefix <= most)) throw new Error(`has ${item}, which is no address and no network such as 10.0.0.0/8`);
  return { address, prefix, family };
}

/** Comma separated. @throws Error that names what is none */
export function networks(raw: string): readonly string[] {
  const items = list(raw);
  items.forEach(parseNetwork);
  return items;
}

const plainAddress = (address: string): string => MAPPED_IPV4.exec(address)?.[1] ?? address.replace(/%.*$/, '').toLowerCase();

/** The first four of an IPv6 address's eight groups. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [left = '', right = ''] = address.split('::', 2);
  const [before, after] = [left, right].map((half) => half.split(':').filter((group) => group !== '')) as [string[], string[]];
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}

/** An address as proxies write it, with a port or not. */
function withoutPort(written: string): string {
  const [, bracketed] = /^\[([^\]]*)\](:\d+)?$/.exec(written) ?? [];
  if (bracketed !== undefined) return bracketed;
  return isIP(written) === 0 ? written.replace(/:\d+$/, '') : written;
}

const listed = (value: string | string[] | undefined): string[] => list(String(value ?? ''));

const inXForwardedFor = (headers: IncomingHttpHeaders): string[] => listed(headers['x-forwarded-for']).map(withoutPort);

/** RFC 7239. */
const inForwarded = (headers: IncomingHttpHeaders): string[] => listed(headers.forwarded).map((element) => {
  const [, quoted, token] = /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i.exec(element) ?? [];
  return withoutPort(quoted ?? token ?? '');
});

/** Who is at the other end of a connection. */
interface Peer {
  readonly isProxy: boolean;
  /** An address, or an IPv6 network. */
  readonly network: string;
}

export class Clients {
  readonly #limits: ClientLimits;
  readonly #proxies = new BlockList();
  readonly #connections = new Map<string, number>();
  readonly #requests = new Map<string, number>();
  readonly #peers = new WeakMap<Socket, Peer>();

  constructor(limits: ClientLimits) {
    this.#limits = limits;
    for (const { address, prefix, family } of limits.trustedProxies.map(parseNetwork)) this.#proxies.addSubnet(address, prefix, family);
  }

  /** Closes at once what is beyond the limits. @param onRefused once for each */
  watch(server: Server, onRefused: () => void): void {
    server.maxConnections = this.#limits.maxConnections;
    server.on('drop', onRefused);
    server.prependListener('connection', (socket: Socket) => {
      const { isProxy, network } = this.#peerOf(socket);
      if (isProxy || this.#take(this.#connections, network, socket)) return;
      onRefused();
      // Not before the server's own listeners have seen it, which take it for open. Nothing is read until then.
      setImmediate(() => socket.destroy());
    });
  }

  /** Whose request it is: an address, or an IPv6 network. */
  of({ socket, headers }: IncomingMessage): string {
    const { isProxy, network } = this.#peerOf(socket);
    const client = isProxy ? this.#client(headers) : undefined;
    return client === undefined ? network : networkOf(client);
  }

  /** Whether a client behind a proxy may have one more request under way. */
  admits({ socket }: IncomingMessage, response: ServerResponse, client: string): boolean {
    return !this.#peerOf(socket).isProxy || this.#take(this.#requests, client, response);
  }

  /** Looked up once a connection: among networks it takes 3 µs of CPU. */
  #peerOf(socket: Socket): Peer {
    const known = this.#peers.get(socket);
    if (known !== undefined) return known;
    const address = plainAddress(socket.remoteAddress ?? '');
    const peer = { isProxy: this.#isProxy(address), network: networkOf(address) };
    this.#peers.set(socket, peer);
    return peer;
  }

  #isProxy(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#proxies.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  /**
   * Each proxy adds at the end from whom it has the request, so the last that is no proxy of ours is the client. A proxy writes one of the
   * two headers and may pass on what the client wrote into the other: when both are there and differ, none is believed.
   */
  #client(headers: IncomingHttpHeaders): string | undefined {
    const [first, ...others] = [inXForwardedFor(headers), inForwarded(headers)].filter(({ length }) => length > 0).map((addresses) => {
      const last = addresses.map(plainAddress).findLast((address) => !this.#isProxy(address));
      return last !== undefined && isIP(last) !== 0 ? last : undefined;
    });
    return others.every((other) => other === first) ? first : undefined;
  }

  /** One more of a client's, until it closes; false when that has as many as it may. */
  #take(counts: Map<string, number>, client: string, until: Socket | ServerResponse): boolean {
    const count = counts.get(client) ?? 0;
    if (count >= this.#limits.maxOfOneAddress) return false;
    counts.set(client, count + 1);
    until.once('close', () => {
      const left = (counts.get(client) ?? 1) - 1;
      if (left === 0) counts.delete(client);
      else counts.set(client, left);
    });
    return true;
  }
}
