// What the door's settings say about who connects, and how: TLS by a certificate of one's own, limits on connections, proxies.
import type { Server } from 'node:http';
import { healthSettings, integer, text, type Config, type Settings } from '../runtime/config.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { renewCertificate, watchCertificate } from '../runtime/http/certificate.ts';
import { defaultClientLimits, networks } from '../runtime/http/clients.ts';
import type { Stoppable } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logger.ts';
import type { ServerOptions } from './server.ts';

export const doorSettings = {
  INGRESS_HOST: { parse: text, default: '127.0.0.1', doc: 'Address to listen on' },
  INGRESS_PORT: { parse: integer(0, 65_535), default: 8080, doc: 'Port of POST /webhooks, /health and, on loopback, /metrics' },
  INGRESS_HEALTH_PORT: { parse: integer(0, 65_535), default: 0, doc: 'Port on HEALTH_HOST of /metrics and all that /health says. With 0 they are at INGRESS_PORT, if INGRESS_HOST is loopback, else nowhere' },
  HEALTH_HOST: healthSettings.HEALTH_HOST,
  INGRESS_TLS_CERT_FILE: { parse: text, default: '', doc: 'PEM file of the certificate, with those between it and its authority: the door speaks TLS then. Read again when it changes' },
  INGRESS_TLS_KEY_FILE: { parse: text, default: '', doc: 'PEM file of the certificate’s key' },
  INGRESS_MAX_CONNECTIONS: { parse: integer(1, 1_000_000), default: defaultClientLimits.maxConnections, doc: 'Connections at once; one more is closed' },
  INGRESS_MAX_PER_ADDRESS: { parse: integer(1, 1_000_000), default: defaultClientLimits.maxOfOneAddress, doc: 'Connections of one address (of IPv6, of one /64), or requests under way of one client behind a trusted proxy' },
  INGRESS_TRUSTED_PROXIES: { parse: networks, default: defaultClientLimits.trustedProxies, doc: 'Addresses and networks (10.0.0.0/8), comma separated, whose Forwarded or X-Forwarded-For says whose a request is; nobody else’s does' },
} satisfies Settings;

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);

/** Who asks there is on this machine. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host);

export interface Door extends Stoppable {
  readonly isPublic: boolean;
  readonly limits: NonNullable<ServerOptions['limits']>;
  readonly warnings: () => string[];
  /** Shows a renewed certificate there. */
  readonly follow: (server: Server) => void;
}

/** @throws RuntimeError `CONFIG_INVALID` */
export async function readDoor(config: Config<typeof doorSettings>, processes: number, logger: Logger, onConnectionRefused: () => void): Promise<Door> {
  const { INGRESS_TLS_CERT_FILE: cert, INGRESS_TLS_KEY_FILE: key } = config;
  if ((cert === '') !== (key === '')) throw new RuntimeError('CONFIG_INVALID', 'INGRESS_TLS_CERT_FILE and INGRESS_TLS_KEY_FILE go together');
  const servers: Server[] = [];
  const certificate = cert === '' ? null : await watchCertificate({ cert, key }, logger, (renewed) => {
    for (const server of servers) renewCertificate(server, renewed);
  });
  return {
    name: 'door',
    isPublic: config.INGRESS_HEALTH_PORT > 0 || !isLoopback(config.INGRESS_HOST),
    limits: {
      // A process is given every n-th connection.
      clients: { maxConnections: Math.ceil(config.INGRESS_MAX_CONNECTIONS / processes), maxOfOneAddress: Math.ceil(config.INGRESS_MAX_PER_ADDRESS / processes), trustedProxies: config.INGRESS_TRUSTED_PROXIES },
      onConnectionRefused,
      ...(certificate === null ? {} : { certificate: certificate.current }),
    },
    warnings: () => certificate?.warnings() ?? [],
    follow: (server) => void servers.push(server),
    stop: () => Promise.resolve(certificate?.close()),
  };
}
