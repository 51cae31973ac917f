// Which stack a command works on. The one rule, for every command and for `npm run service`:
//   1. URLs: KAFKA_BROKERS, SCHEMA_REGISTRY_URL, CLICKHOUSE_URL
//   2. the variables that `npm start` takes: KAFKA_PORT, REGISTRY_PORT, CLICKHOUSE_PORT
//   3. the stack that runs on the data folder (DATA_DIR, else .data of this project), which says
//      there how it is reached: ports, the password of its ClickHouse, the files that go with it.
// A command that changes something refuses when that leaves open which stack is meant: when a part
// is named by nothing, or when what is named belongs to one stack and the rest would come from another.
import { join, resolve } from 'node:path';
import { messageOf, RuntimeError } from '../../services/runtime/errors.ts';
import { clickhouseUrl, kafkaBrokers, schemaRegistryUrl } from '../local/parts.ts';
import { partNames, partTitles, portVariables, projectDir, readSettings, setting, urlVariables, type Environment, type PartName, type StackPorts } from '../local/settings.ts';
import { runningState, type Connection, type RunningState } from '../local/supervisor/supervisor.ts';

/** Files of the data folder that hold what belongs to one part: ids of its schemas, secrets for what is in its log. */
const ownerOf = { SCHEMAS_LOCK: 'registry', INTEGRATIONS_FILE: 'kafka' } as const satisfies Record<string, PartName>;
type FileVariable = keyof typeof ownerOf;

export interface Needs {
  /** As a person calls it. */
  readonly command: string;
  readonly parts: readonly PartName[];
  /** Files that have to be those of the same stack. */
  readonly files?: readonly FileVariable[];
  /** Whether it changes anything there. */
  readonly changes: boolean;
  /** The door that it sends to. */
  readonly ingressUrl?: string;
}

interface Place {
  readonly part: PartName;
  readonly value: string;
  /** Which rule found it. */
  readonly by: 'url' | 'port' | 'stack' | 'nothing';
}

const localAddress: Readonly<Record<PartName, (ports: StackPorts, env: Environment) => string>> = {
  kafka: kafkaBrokers,
  registry: schemaRegistryUrl,
  clickhouse: clickhouseUrl,
};

/** Host and port: what two spellings of one place have in common. */
export function addressOf(place: string): string {
  const url = place.includes('://') ? place : `http://${place.split(',')[0] ?? ''}`;
  // What is no URL is told with all other settings in error, when they are read.
  if (!URL.canParse(url)) return place;
  const { hostname, port, protocol } = new URL(url);
  return `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}

/** Without user and password, which are nobody's business in a log. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

function placeOf(part: PartName, env: Environment, connection: Connection): Place {
  const explicit = setting(env, urlVariables[part]);
  if (explicit !== undefined) return { part, value: explicit, by: 'url' };
  const local = localAddress[part](readSettings(env).ports, env);
  const ofStack = connection[urlVariables[part]];
  const byPort = setting(env, portVariables[part].variable) !== undefined;
  const isSame = ofStack !== undefined && addressOf(ofStack) === addressOf(local);
  if (byPort && !isSame) return { part, value: local, by: 'port' };
  if (ofStack === undefined) return { part, value: local, by: 'nothing' };
  return { part, value: withOwnPassword(part, ofStack, env), by: byPort ? 'port' : 'stack' };
}

/** Who gives the local ClickHouse's password means it; else it is the one that the stack was started with. */
function withOwnPassword(part: PartName, ofStack: string, env: Environment): string {
  const [host, port] = addressOf(ofStack).split(':');
  const isGiven = part === 'clickhouse' && host === '127.0.0.1' && setting(env, 'CLICKHOUSE_PASSWORD') !== undefined;
  return isGiven ? clickhouseUrl({ clickhouse: Number(port) }, env) : ofStack;
}

/** Whether it was named and is another one than the running stack's. */
const isForeign = ({ part, value, by }: Place, connection: Connection): boolean => {
  const ofStack = connection[urlVariables[part]];
  return by !== 'stack' && by !== 'nothing' && ofStack !== undefined && addressOf(ofStack) !== addressOf(value);
};

/** What the environment names and is not the stack that runs on the data folder. */
export function contradictions(env: Environment, dataDir: string, connection: Connection, { parts = partNames, by = ['url', 'port'] }: { parts?: readonly PartName[]; by?: readonly Place['by'][] } = {}): string[] {
  return parts.map((part) => placeOf(part, env, connection)).filter((place) => by.includes(place.by) && isForeign(place, connection)).map((place) => {
    const { variable, title } = portVariables[place.part];
    const named = place.by === 'port' ? `${variable}=${env[variable] ?? ''}` : `${urlVariables[place.part]}=${withoutPassword(place.value)}`;
    return `${named}, but the stack that runs on ${dataDir} has its ${title} on ${addressOf(connection[urlVariables[place.part]] ?? '')}`;
  });
}

/** Addresses on this machine that the environment names: where nothing runs on the data folder, whatever answers there is another stack's. */
export function namedHere(env: Environment): { variable: string; port: number }[] {
  return partNames.map((part) => placeOf(part, env, {})).flatMap((place) => {
    const variable = place.by === 'url' ? urlVariables[place.part] : portVariables[place.part].variable;
    const [host, port] = addressOf(place.value).split(':');
    return host === '127.0.0.1' && setting(env, variable) !== undefined ? [{ variable, port: Number(port) }] : [];
  });
}

const namesOf = (part: PartName): string => `${urlVariables[part]} or ${portVariables[part].variable}`;

/** What speaks against going on; empty when it is clear which stack is meant. */
function doubts(needs: Needs, places: readonly Place[], { env, dataDir, running }: Surroundings): string[] {
  const { connection = {} } = running ?? {};
  // What changes something must not do it here while another part's variable says elsewhere.
  const named = needs.changes ? partNames : needs.parts;
  const contradicted = setting(env, 'DATA_DIR') === undefined ? [] : contradictions(env, dataDir, connection, { parts: named, by: ['port'] });
  if (contradicted.length > 0) return contradicted;
  const door = connection['INGRESS_PORT'];
  const otherDoor = needs.ingressUrl !== undefined && door !== undefined && addressOf(needs.ingressUrl) !== `127.0.0.1:${door}`;
  const foreign = named.map((part) => placeOf(part, env, connection)).filter((place) => isForeign(place, connection));
  const elsewhere = [...(otherDoor ? ['the ingress'] : []), ...foreign.map(({ part }) => partTitles[part])];
  const isOther = (part: PartName): boolean => foreign.some((place) => place.part === part) || otherDoor;
  const mixed = [
    ...places.filter(({ by }) => by === 'stack').map(({ part }) => `${partTitles[part]} (${namesOf(part)})`),
    ...(needs.files ?? []).filter((file) => setting(env, file) === undefined && isOther(ownerOf[file])),
  ];
  if (elsewhere.length > 0 && mixed.length > 0) {
    return [`${elsewhere.join(' and ')} would not be of the stack that runs on ${dataDir}, but this would be, as nothing else is named: ${mixed.join(', ')}`];
  }
  const open = needs.changes ? places.filter(({ by }) => by === 'nothing') : [];
  if (open.length === 0) return [];
  const why = running === undefined ? `nothing runs on ${dataDir}` : `the stack that runs on ${dataDir} (pid ${running.supervisor.pid}) doesn't say where it is (it is starting, or supervisor.json is damaged)`;
  return [`${why}, and nothing names ${open.map(({ part }) => `${partTitles[part]} (${namesOf(part)})`).join(', ')}`];
}

interface Surroundings {
  readonly env: Environment;
  readonly dataDir: string;
  readonly running: RunningState | undefined;
}

function said({ command }: Needs, places: readonly Place[], dataDir: string): string {
  const source: Readonly<Record<Place['by'], (part: PartName) => string>> = {
    url: (part) => urlVariables[part],
    port: (part) => portVariables[part].variable,
    stack: () => `the stack that runs on ${dataDir}`,
    nothing: () => `the usual port; nothing runs on ${dataDir}`,
  };
  return `${command}: ${places.map(({ part, value, by }) => `${partTitles[part]} ${withoutPassword(value)} (${source[by](part)})`).join(', ')}`;
}

function dataDirOf(env: Environment): string {
  try {
    return readSettings(env).dataDir;
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', messageOf(error), { cause: error });
  }
}

/**
 * The environment with everything in it by which the parts are reached; says on stderr where that is.
 * @throws RuntimeError `CONFIG_INVALID` when it isn't clear which stack is meant.
 */
export async function locate(needs: Needs, env: Environment = process.env): Promise<Environment> {
  const dataDir = dataDirOf(env);
  const running = await runningState(dataDir);
  const connection = running?.connection ?? {};
  const places = needs.parts.map((part) => placeOf(part, env, connection));
  const problems = doubts(needs, places, { env, dataDir, running });
  if (problems.length > 0) {
    throw new RuntimeError('CONFIG_INVALID', `${needs.command} can't tell which stack is meant, and has changed nothing: ${problems.join('; ')}. Set DATA_DIR to the folder of the stack (its ports, password and files are known there), or name every part by its URL or port`);
  }
  console.error(said(needs, places, dataDir));
  const foreign = places.filter((place) => isForeign(place, connection)).map(({ part }) => part);
  const file = (name: FileVariable): string | undefined => {
    const own = setting(env, name);
    if (own !== undefined) return resolve(projectDir, own);
    return foreign.includes(ownerOf[name]) ? undefined : connection[name];
  };
  const integrations = file('INTEGRATIONS_FILE');
  return {
    ...env,
    ...Object.fromEntries(places.map(({ part, value }) => [urlVariables[part], value])),
    DATA_DIR: dataDir,
    SCHEMAS_LOCK: file('SCHEMAS_LOCK') ?? join(dataDir, 'schemas.lock.json'),
    ...(integrations === undefined ? {} : { INTEGRATIONS_FILE: integrations }),
  };
}
