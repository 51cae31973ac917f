// A TCP proxy that misbehaves on order. It knows nothing of what passes through it.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/**
 * pass: as it comes. refuse: connections are reset, new ones at once. freeze: connections stay open and nothing passes, new ones
 * are taken and not served (half-open). drop answers: what is asked arrives, what is answered does not.
 */
export type Mode = 'pass' | 'refuse' | 'freeze' | 'drop answers';

export interface Shape {
  /** Each piece is held back this long, in order. */
  readonly delayMs?: number;
  /** Pieces of at most so many bytes, one by one. */
  readonly sliceBytes?: number;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

export class TcpProxy {
  readonly port: number;
  /** Port on loopback that it leads to; a change holds for new connections. */
  target: number;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #waiting = new Set<Socket>();
  readonly #abandoned = new Set<Socket>();
  #mode: Mode = 'pass';
  #shape: Shape = {};
  /** Bytes that came back from the server and were thrown away. */
  dropped = 0;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.target = target;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    server.on('connection', (client) => this.#accept(client));
  }

  /** Half-open sockets are allowed: a side that has said all still gets its answer. */
  static async open(target: number, port = 0): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, target);
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Resets what is open; later connections work. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    for (const client of [...this.#waiting, ...this.#abandoned]) client.resetAndDestroy();
  }

  /** Who is connected now never hears anything again, nor that it is so; later connections work. The peer lost its power, or a firewall forgot them. */
  abandon(): void {
    this.#mode = 'pass';
    for (const { client, server } of this.#links) {
      this.#abandoned.add(client);
      client.once('close', () => this.#abandoned.delete(client));
      server.removeAllListeners('close').resetAndDestroy();
    }
    this.#links.clear();
  }

  set(mode: Exclude<Mode, 'pass'>): void {
    this.#mode = mode;
    if (mode === 'refuse') this.cut();
    else if (mode === 'freeze') for (const { client, server } of this.#links) [client, server].forEach((socket) => socket.pause());
  }

  shape(shape: Shape): void {
    this.#shape = shape;
  }

  /** As if nothing had been. Connections from which something was lost can't go on and are reset. */
  heal(): void {
    const [before, wasShaped] = [this.#mode, Object.keys(this.#shape).length > 0];
    this.#mode = 'pass';
    this.#shape = {};
    if (before === 'drop answers' || wasShaped) this.cut();
    if (before !== 'freeze') return;
    for (const { client, server } of this.#links) [client, server].forEach((socket) => socket.resume());
    // Taken while frozen: they are served now.
    for (const client of this.#waiting) this.#join(client);
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.#mode === 'refuse') client.resetAndDestroy();
    else if (this.#mode === 'freeze') {
      client.pause();
      this.#waiting.add(client);
      client.once('close', () => this.#waiting.delete(client));
    } else this.#join(client);
  }

  #join(client: Socket): void {
    const server = connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const link = { client, server };
    this.#links.add(link);
    const end = (): void => {
      this.#links.delete(link);
      client.destroy();
      server.destroy();
    };
    server.on('error', () => client.resetAndDestroy());
    client.once('close', end);
    server.once('close', end);
    this.#carry(client, server, () => undefined);
    this.#carry(server, client, (bytes) => {
      if (this.#mode !== 'drop answers') return false;
      this.dropped += bytes;
      return true;
    });
    client.resume();
  }

  #carry(from: Socket, to: Socket, swallow: (bytes: number) => boolean | undefined): void {
    let last = Promise.resolve();
    from.on('data', (piece: Buffer) => {
      if (swallow(piece.length) === true) return;
      const { delayMs = 0, sliceBytes = piece.length } = this.#shape;
      if (delayMs === 0 && sliceBytes >= piece.length) {
        // In front of nothing that is still on its way: a shape that ended has cut its connections.
        if (to.writable && !to.write(piece)) {
          from.pause();
          to.once('drain', () => this.#mode === 'freeze' || from.resume());
        }
        return;
      }
      last = last.then(() => slowly(to, piece, { delayMs, sliceBytes }));
    });
    from.on('end', () => void last.then(() => to.end()));
  }
}

async function slowly(to: Socket, piece: Buffer, { delayMs, sliceBytes }: Required<Shape>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  for (let from = 0; from < piece.length && to.writable; from += sliceBytes) {
    to.write(piece.subarray(from, from + sliceBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
