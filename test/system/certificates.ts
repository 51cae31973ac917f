// Certificates for tests: an authority of their own and what it signs, made by openssl.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

const run = promisify(execFile);
const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export class Authority {
  readonly #folder: string;
  readonly caFile: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.caFile = join(folder, 'ca.pem');
  }

  static async make(folder: string): Promise<Authority> {
    const authority = new Authority(folder);
    await run('openssl', ['req', '-x509', ...fresh, '-days', '2', '-subj', '/CN=Test authority', '-keyout', join(folder, 'ca.key'), '-out', authority.caFile]);
    return authority;
  }

  /** For 127.0.0.1. */
  async certificate(name: string): Promise<Certificate> {
    const file = (ending: string): string => join(this.#folder, `${name}.${ending}`);
    await run('openssl', ['req', ...fresh, '-subj', `/CN=${name}`, '-keyout', file('key'), '-out', file('request')]);
    await writeFile(file('names'), 'subjectAltName=IP:127.0.0.1\n');
    await run('openssl', ['x509', '-req', '-in', file('request'), '-CA', this.caFile, '-CAkey', join(this.#folder, 'ca.key'), '-CAcreateserial', '-days', '2', '-extfile', file('names'), '-out', file('pem')]);
    return { certFile: file('pem'), keyFile: file('key') };
  }
}

/** Key and certificate in one file, as Kafka wants them. */
export async function joined({ certFile, keyFile }: Certificate, file: string): Promise<void> {
  await writeFile(file, `${await readFile(keyFile, 'utf8')}${await readFile(certFile, 'utf8')}`, { mode: 0o600 });
}
