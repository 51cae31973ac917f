// One declared table per service: name, parser, default, unit in the name, one line of doc.
// The start-up log, the README's table and the errors derive from it. All problems are
// reported at once; nothing else in a service reads the environment.
import { readFileSync } from 'node:fs';
import { RuntimeError } from './errors.ts';

export interface Setting<T> {
  readonly parse: (raw: string) => T;
  /** Used when the variable is unset or empty; without it the variable is required. */
  readonly default?: T;
  readonly doc: string;
  /** Never shown in logs. */
  readonly secret?: boolean;
  /** NAME_FILE may name a file that holds it. */
  readonly fromFile?: boolean;
}
export type Settings = Record<string, Setting<unknown>>;
export type Config<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export const text = (raw: string): string => raw;

export const list = (raw: string): string[] => raw.split(',').map((item) => item.trim()).filter((item) => item !== '');

export function url(raw: string): string {
  const parsed = new URL(raw);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') throw new Error('must start with http:// or https://');
  return raw.replace(/\/+$/, '');
}

/** For a URL that is shown in logs. */
function urlWithoutCredentials(raw: string): string {
  const { username, password } = new URL(raw);
  if (username !== '' || password !== '') throw new Error('must not hold a user or password; they have variables of their own');
  return url(raw);
}

/** The path of a file that holds certificates. */
function certificates(path: string): string {
  if (!readFileSync(path, 'utf8').includes('-----BEGIN CERTIFICATE-----')) throw new Error('must name a file with certificates in PEM form');
  return path;
}

/** A whole number within [min, max]. */
export const integer = (min: number, max: number) => (raw: string): number => {
  const value = Number(raw);
  if (!Number.isInteger(value) || value < min || value > max) throw new Error(`must be a whole number from ${min} to ${max}`);
  return value;
};

export const oneOf = <T extends string>(...allowed: readonly T[]) => (raw: string): T => {
  const found = allowed.find((value) => value === raw);
  if (found === undefined) throw new Error(`must be one of ${allowed.join(', ')}`);
  return found;
};

/** Of whoever asks the schema registry. */
export const registrySettings = {
  SCHEMA_REGISTRY_URL: { parse: urlWithoutCredentials, default: 'http://127.0.0.1:8081/apis/ccompat/v7', doc: 'Base of a Confluent-compatible schema registry API' },
  SCHEMA_REGISTRY_USER: { parse: text, default: '', doc: 'User for HTTP basic authentication at the schema registry' },
  SCHEMA_REGISTRY_PASSWORD: { parse: text, default: '', doc: 'Password of that user', secret: true, fromFile: true },
  SCHEMA_REGISTRY_CA_FILE: { parse: certificates, default: '', doc: 'PEM file of the authorities that sign the schema registry’s certificate, instead of the system’s' },
} satisfies Settings;

/** Of whoever speaks to Kafka. */
export const kafkaSettings = {
  KAFKA_BROKERS: { parse: list, default: ['127.0.0.1:9092'], doc: 'Kafka bootstrap servers, host:port, comma separated' },
  KAFKA_TLS: { parse: oneOf('off', 'on'), default: 'off', doc: 'Speak TLS with the brokers' },
  KAFKA_CA_FILE: { parse: certificates, default: '', doc: 'PEM file of the authorities that sign the brokers’ certificates, instead of the system’s' },
  KAFKA_CERT_FILE: { parse: certificates, default: '', doc: 'PEM file of a certificate to show to brokers that ask for one' },
  KAFKA_KEY_FILE: { parse: text, default: '', doc: 'PEM file of its key' },
  KAFKA_SASL: { parse: oneOf('off', 'scram-sha-512', 'scram-sha-256', 'plain'), default: 'off' as const, doc: 'How the process says who it is' },
  KAFKA_USER: { parse: text, default: '', doc: 'User of Kafka, with KAFKA_SASL' },
  KAFKA_PASSWORD: { parse: text, default: '', doc: 'Password of that user', secret: true, fromFile: true },
} satisfies Settings;

/** Settings that every service has. */
export const commonSettings = {
  ...kafkaSettings,
  ...registrySettings,
  SCHEMAS_LOCK: { parse: text, default: '.data/schemas.lock.json', doc: 'File of registered schemas and their ids, written by `npm run schemas`; lets services start while the registry is down' },
  ENVIRONMENT: { parse: text, default: 'production', doc: 'Environment whose topics are used: crm.<environment>.ticket-events' },
  LOG_LEVEL: { parse: oneOf('debug', 'info', 'warn', 'error'), default: 'info', doc: 'pino level' },
} satisfies Settings;

/** Settings of services that read the log as a group. */
export const groupSettings = {
  ...commonSettings,
  STUCK_AFTER_SECONDS: { parse: integer(1, 86_400), default: 600, doc: 'A batch that gets nowhere for this long, and waits for nothing that is away, ends the process, so that a supervisor starts it again' },
} satisfies Settings;

/** Of the port that tells how a service is: nobody's business but of who runs it. */
export const healthSettings = {
  HEALTH_HOST: { parse: text, default: '127.0.0.1', doc: 'Address of the health port; beyond loopback only where a network policy or firewall says who reaches it' },
  HEALTH_PORT: { parse: integer(0, 65_535), default: 0, doc: 'Port of /health/live, /health/ready and /metrics; 0 takes a free one' },
} satisfies Settings;

/** Settings of services that write to ClickHouse. */
export const consumerSettings = {
  ...groupSettings,
  CLICKHOUSE_URL: { parse: url, default: 'http://127.0.0.1:8123', doc: 'ClickHouse HTTP endpoint; user and password may be part of the URL', secret: true },
  ...healthSettings,
  POISON_BREAKER: { parse: oneOf('on', 'off'), default: 'on', doc: 'Hold a partition when most of its recent records are poison; off quarantines them all instead' },
  CATCH_UP_LAG: { parse: integer(1, 1e9), default: 20_000, doc: 'Lag in records above which batches are landed first and facts computed every two minutes or more, or every 3,000,000 events' },
} satisfies Settings;

/** The variable, or the content of the file that the same variable with _FILE names. */
function rawValue(name: string, { fromFile }: Setting<unknown>, env: NodeJS.ProcessEnv): string {
  const [value = '', file = ''] = [env[name], fromFile === true ? env[`${name}_FILE`] : ''];
  if (file === '') return value;
  if (value !== '') throw new Error(`and ${name}_FILE are both set`);
  return readFileSync(file, 'utf8').trimEnd();
}

/**
 * Reads the declared settings from `env`.
 * @throws RuntimeError `CONFIG_INVALID` that names every variable in error.
 */
export function readConfig<S extends Settings>(settings: S, env: NodeJS.ProcessEnv): Config<S> {
  const problems: string[] = [];
  const values = Object.entries(settings).map(([name, setting]): [string, unknown] => {
    try {
      const raw = rawValue(name, setting, env);
      if (raw !== '') return [name, setting.parse(raw)];
      if (!('default' in setting)) problems.push(`${name} is required: ${setting.doc}`);
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : String(error)}: ${setting.doc}`);
    }
    return [name, setting.default];
  });
  if (problems.length > 0) throw new RuntimeError('CONFIG_INVALID', problems.join('\n'));
  return Object.fromEntries(values) as Config<S>;
}

/** The configuration as it may be logged. */
export const masked = (settings: Settings, config: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [name, settings[name]?.secret === true ? '***' : value]));
