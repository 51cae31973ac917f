import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Authority } from '../../../test/system/certificates.ts';
import { kafkaSettings, masked, readConfig } from '../config.ts';
import { createLogger } from '../logger.ts';
import { kafkaConnection } from './connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'kafka-connection-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const pem = file('pem', '-----BEGIN CERTIFICATE-----\n');
const key = file('key', 'the key');
const logger = createLogger('test', 'silent');
const connect = (env: NodeJS.ProcessEnv) => kafkaConnection(readConfig(kafkaSettings, env), 'me', logger);

test('plain and as nobody unless something is said', () => {
  expect(connect({})).toStrictEqual({ brokers: ['127.0.0.1:9092'], clientId: 'me', logger });
});

test('over TLS, with a certificate, as somebody whose password is in a file; a renewed one is taken when it is whole', async () => {
  const authority = await Authority.make(folder);
  const [first, next] = [await authority.certificate('first'), await authority.certificate('next')];
  const env = { KAFKA_BROKERS: 'a:1,b:2', KAFKA_TLS: 'on', KAFKA_CA_FILE: authority.caFile, KAFKA_CERT_FILE: first.certFile, KAFKA_KEY_FILE: first.keyFile, KAFKA_SASL: 'scram-sha-512', KAFKA_USER: 'ingress', KAFKA_PASSWORD_FILE: file('password', 'hush\n') };
  const { tls, ...rest } = connect(env);
  expect(rest).toMatchObject({ brokers: ['a:1', 'b:2'], login: { mechanism: 'scram-sha-512', username: 'ingress', password: 'hush' } });
  const read = ({ certFile, keyFile }: typeof first) => ({ ca: readFileSync(authority.caFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') });
  const before = read(first);
  expect(tls?.()).toStrictEqual(before);
  copyFileSync(next.certFile, first.certFile);
  expect(tls?.(), 'the key does not fit yet').toStrictEqual(before);
  copyFileSync(next.keyFile, first.keyFile);
  expect(tls?.()).toStrictEqual(read(next));
  rmSync(first.keyFile);
  expect(tls?.()).toStrictEqual(read(next));
  expect(() => connect(env)).toThrow(/KAFKA_KEY_FILE/);
  expect(JSON.stringify(masked(kafkaSettings, readConfig(kafkaSettings, env)))).not.toContain('hush');
});

test.each([
  [{ KAFKA_SASL: 'plain' }, /needs KAFKA_USER and KAFKA_PASSWORD/],
  [{ KAFKA_SASL: 'scram-sha-512', KAFKA_USER: 'u' }, /needs KAFKA_USER and KAFKA_PASSWORD/],
  [{ KAFKA_USER: 'u', KAFKA_PASSWORD: 'p' }, /are for KAFKA_SASL/],
  [{ KAFKA_CA_FILE: pem }, /are for KAFKA_TLS=on/],
  [{ KAFKA_TLS: 'on', KAFKA_CERT_FILE: pem }, /of no use without the other/],
  [{ KAFKA_TLS: 'on', KAFKA_CA_FILE: key }, /KAFKA_CA_FILE must name a file with certificates/],
  [{ KAFKA_BROKERS: '127.0.0.1:1,kafka.example:1', KAFKA_SASL: 'plain', KAFKA_USER: 'u', KAFKA_PASSWORD: 'p' }, /needs KAFKA_TLS=on/],
  [{ KAFKA_SASL: 'md5' }, /must be one of off, /],
])('%o is refused', (env, why) => expect(() => connect(env)).toThrow(why));
