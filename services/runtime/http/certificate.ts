// The certificate that a server shows, from two files that are watched: who renews it writes them anew, and the next connection gets the
// new one. Between the two writes they don't fit, and the one before stays.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import { messageOf, RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { WatchedFile } from '../watched-file.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly validTo: Date;
}

export interface CertificateFiles {
  /** PEM, with those of the authorities between, as browsers want it. */
  readonly cert: string;
  readonly key: string;
}

const WARN_BEFORE_MS = 14 * 86_400_000;

/** @throws RuntimeError `CONFIG_INVALID` */
async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
    createSecureContext({ cert, key });
    return { cert, key, validTo: new Date(new X509Certificate(cert).validTo) };
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `the certificate ${files.cert} and the key ${files.key} can't be used: ${messageOf(error)}`);
  }
}

export interface WatchedCertificate {
  readonly current: Certificate;
  /** That it is not renewed, or ends soon. */
  warnings(): string[];
  close(): void;
}

/** @param onRenewed told of each later one. @throws RuntimeError `CONFIG_INVALID` */
export async function watchCertificate(files: CertificateFiles, logger: Logger, onRenewed: (certificate: Certificate) => void): Promise<WatchedCertificate> {
  const file = await WatchedFile.open<Certificate>({
    what: 'certificate', path: files.cert, logger,
    shown: ({ validTo }) => ({ valid_to: validTo.toISOString() }),
    read: async (before) => {
      const value = await readCertificate(files);
      if (before !== undefined) onRenewed(value);
      return { value, files: [files.key] };
    },
  });
  return {
    get current() {
      return file.current;
    },
    warnings: () => {
      const { validTo } = file.current;
      const ends = validTo.getTime() - Date.now() < WARN_BEFORE_MS ? [`the certificate ${files.cert} is valid until ${validTo.toISOString()}`] : [];
      return [...file.warnings(), ...ends];
    },
    close: () => file.close(),
  };
}

/** Connections from now on are shown this one. */
export function renewCertificate(server: Server, { cert, key }: Certificate): void {
  if (server instanceof TlsServer) server.setSecureContext({ cert, key });
}
