// Where the local stack keeps its things and which ports it takes, from the environment.
// Every problem is collected and reported at once: fixing one variable per attempt is tiresome.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listeningProblem } from './clickhouse/listening.ts';

export type PartName = 'kafka' | 'registry' | 'clickhouse';
export const partNames: readonly PartName[] = ['kafka', 'registry', 'clickhouse'];

export const partTitles: Readonly<Record<PartName, string>> = {
  kafka: 'Kafka',
  registry: 'schema registry',
  clickhouse: 'ClickHouse',
};

/** The variable that says that a part is elsewhere. */
export const urlVariables: Readonly<Record<PartName, string>> = {
  kafka: 'KAFKA_BROKERS',
  registry: 'SCHEMA_REGISTRY_URL',
  clickhouse: 'CLICKHOUSE_URL',
};

export interface StackPorts {
  kafka: number;
  kafkaController: number;
  registry: number;
  clickhouse: number;
}

export interface StackSettings {
  /** State of the parts and their logs; everything in it can be deleted by `reset`. */
  dataDir: string;
  /** Downloaded programs, shared by all clones of one user. */
  cacheDir: string;
  ports: StackPorts;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as unset, as it does for the services. */
export const setting = (env: Environment, name: string): string | undefined => (env[name] === '' ? undefined : env[name]);

/** Something the person at the keyboard has to change; printed without a stack trace. */
export class SetupError extends Error {
  readonly problems: readonly string[];
  /** 2 = wrong settings, 1 = anything else. */
  readonly exitCode: number;

  constructor(problems: readonly string[], exitCode = 1) {
    super(problems.join('\n'));
    this.name = 'SetupError';
    this.problems = problems;
    this.exitCode = exitCode;
  }
}

export const projectDir = fileURLToPath(new URL('../../', import.meta.url));

/** What Node runs, with a file of TypeScript and its arguments after it. */
export const runner = join(projectDir, 'infra/start/run.mjs');

export const portVariables: Readonly<Record<keyof StackPorts, { variable: string; title: string; standard: number }>> = {
  kafka: { variable: 'KAFKA_PORT', title: 'Kafka', standard: 9092 },
  kafkaController: { variable: 'KAFKA_CONTROLLER_PORT', title: 'Kafka controller', standard: 9093 },
  registry: { variable: 'REGISTRY_PORT', title: 'schema registry', standard: 8081 },
  clickhouse: { variable: 'CLICKHOUSE_PORT', title: 'ClickHouse', standard: 8123 },
};

/** A port number from one variable; a wrong one is noted in `problems` and the standard returned. */
export function readPort(env: Environment, variable: string, standard: number, problems: string[]): number {
  const text = env[variable];
  if (text === undefined || text === '') return standard;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= 65_535) return port;
  problems.push(`${variable}=${text} is not a port number (1 to 65535)`);
  return standard;
}

export function cacheFolder(env: Environment): string {
  const configured = env['XDG_CACHE_HOME'];
  // The XDG specification says that a relative path is to be ignored.
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), '.cache');
  return join(base, 'ticketstream');
}

export function readSettings(env: Environment): StackSettings {
  const problems: string[] = [];
  const port = (name: keyof StackPorts): number =>
    readPort(env, portVariables[name].variable, portVariables[name].standard, problems);
  const ports = {
    kafka: port('kafka'),
    kafkaController: port('kafkaController'),
    registry: port('registry'),
    clickhouse: port('clickhouse'),
  };
  const dataDir = resolve(projectDir, setting(env, 'DATA_DIR') ?? '.data');
  // Wildcards to ClickHouse; a backslash is a slash to the registry's database.
  const unusable = /[*?{}[\]\\]/.exec(dataDir);
  if (unusable !== null) problems.push(`DATA_DIR: there can't be a ${unusable[0]} in the data folder's path ${dataDir}`);
  const listening = listeningProblem(env);
  if (listening !== undefined) problems.push(listening);
  if (problems.length > 0) throw new SetupError(problems, 2);
  return { dataDir, cacheDir: cacheFolder(env), ports };
}
