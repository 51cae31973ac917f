// How Kafka is reached, from a process's settings: where, over TLS or not, and as whom.
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config, kafkaSettings } from '../config.ts';
import { messageOf, RuntimeError } from '../errors.ts';
import type { Logger } from '../logger.ts';

export interface KafkaTls {
  /** Authorities that sign the brokers' certificates; those of the system when it is not given. */
  readonly ca?: string;
  /** For brokers that ask who is there. */
  readonly cert?: string;
  readonly key?: string;
}

export interface KafkaLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger: Logger;
  /** Asked for each connection. */
  readonly tls?: () => KafkaTls;
  readonly login?: KafkaLogin;
}

type KafkaConfig = Config<typeof kafkaSettings>;

const isHere = (broker: string): boolean => /^(127\.0\.0\.1|localhost|\[::1\]):\d+$/.test(broker);

/** What can't go together; empty when all can. */
function problemsOf(config: KafkaConfig): string[] {
  const { KAFKA_BROKERS: brokers, KAFKA_TLS: tls, KAFKA_CA_FILE: ca, KAFKA_CERT_FILE: cert, KAFKA_KEY_FILE: key, KAFKA_SASL: sasl, KAFKA_USER: user, KAFKA_PASSWORD: password } = config;
  return [
    ...(tls === 'off' && ca + cert + key !== '' ? ['KAFKA_CA_FILE, KAFKA_CERT_FILE and KAFKA_KEY_FILE are for KAFKA_TLS=on'] : []),
    ...((cert === '') === (key === '') ? [] : ['KAFKA_CERT_FILE and KAFKA_KEY_FILE: one is of no use without the other']),
    ...(sasl === 'off' && user + password !== '' ? ['KAFKA_USER and KAFKA_PASSWORD are for KAFKA_SASL=scram-sha-512, scram-sha-256 or plain'] : []),
    ...(sasl !== 'off' && (user === '' || password === '') ? [`KAFKA_SASL=${sasl} needs KAFKA_USER and KAFKA_PASSWORD`] : []),
    ...(sasl === 'plain' && tls === 'off' && !brokers.every(isHere) ? ['KAFKA_SASL=plain sends the password as it is: beyond this machine it needs KAFKA_TLS=on'] : []),
  ];
}

interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** @throws Error when a file is not there, or certificate and key don't fit */
function readTls({ ca, cert, key }: TlsFiles): KafkaTls {
  const read = (file: string): string => readFileSync(file, 'utf8');
  const tls = { ...(ca === '' ? {} : { ca: read(ca) }), ...(cert === '' ? {} : { cert: read(cert), key: read(key) }) };
  createSecureContext(tls);
  return tls;
}

/**
 * Certificates are renewed while a process runs, so each connection asks for them anew. Whoever renews them writes one file after the
 * other: what does not fit together, or is not there for a moment, leaves those of before. @throws RuntimeError `CONFIG_INVALID`
 */
function tlsOf(files: TlsFiles): () => KafkaTls {
  let now: KafkaTls;
  try {
    now = readTls(files);
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `KAFKA_CA_FILE, KAFKA_CERT_FILE or KAFKA_KEY_FILE: ${messageOf(error)}`);
  }
  return () => {
    try {
      now = readTls(files);
    } catch {
      // The next connection looks again.
    }
    return now;
  };
}

/** @throws RuntimeError `CONFIG_INVALID` that says all that is wrong */
export function kafkaConnection(config: KafkaConfig, clientId: string, logger: Logger): KafkaConnection {
  const problems = problemsOf(config);
  if (problems.length > 0) throw new RuntimeError('CONFIG_INVALID', problems.join('\n'));
  const { KAFKA_BROKERS: brokers, KAFKA_CA_FILE: ca, KAFKA_CERT_FILE: cert, KAFKA_KEY_FILE: key, KAFKA_SASL: mechanism, KAFKA_USER: username, KAFKA_PASSWORD: password } = config;
  return {
    brokers, clientId, logger,
    ...(config.KAFKA_TLS === 'off' ? {} : {
      tls: tlsOf({ ca, cert, key }),
    }),
    ...(mechanism === 'off' ? {} : { login: { mechanism, username, password } }),
  };
}
