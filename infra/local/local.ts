// npm run stack -- start | install | status | stop | reset
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { ensureInstalled } from './install/install.ts';
import { partIsReady } from './parts.ts';
import { answers } from './ports.ts';
import { progressPrinter } from './progress.ts';
import { partNames, partTitles, readSettings, setting, SetupError, urlVariables, type PartName } from './settings.ts';
import { startStack } from './stack.ts';
import { isSameProcess } from './supervisor/identity.ts';
import { endWithMessage, stopOnSignal } from './supervisor/signals.ts';
import { endLeftovers, isStateDamaged, runningState, Supervisor, type RunningState } from './supervisor/supervisor.ts';
import { addressOf, contradictions, namedHere, withoutPassword } from '../target/which-stack.ts';

/** What the parts write into the data folder. Never the folder itself: DATA_DIR may be somebody's home. */
const stateEntries = [...partNames, 'logs', 'schemas.lock.json', 'supervisor.json', 'supervisor.json.part', 'supervisor.lock'];

async function start(): Promise<void> {
  const begun = Date.now();
  const onProgress = progressPrinter(process.stderr);
  const supervisor = await Supervisor.open({ dataDir: readSettings(process.env).dataDir, onProgress });
  stopOnSignal(supervisor);
  const stack = await startStack({ supervisor, onProgress }).catch(async (error: unknown) => {
    await supervisor.stop();
    throw error;
  });
  console.log(`The stack is ready after ${((Date.now() - begun) / 1000).toFixed(1)} s. Ctrl-C stops it.
  KAFKA_BROKERS=${stack.kafkaBrokers}
  SCHEMA_REGISTRY_URL=${stack.schemaRegistryUrl}
  CLICKHOUSE_URL=${withoutPassword(stack.clickhouseUrl)}
  data and logs: ${stack.dataDir}`);
}

async function install(): Promise<void> {
  const settings = readSettings(process.env);
  const installation = await ensureInstalled({
    cacheDir: settings.cacheDir, env: process.env, onProgress: progressPrinter(process.stderr),
  });
  console.log(`Installed in ${settings.cacheDir}; Java: ${installation.java}`);
}

const damage = async (dataDir: string): Promise<string> =>
  (await isStateDamaged(dataDir)) ? '; supervisor.json is damaged, so the processes are not known (the next start writes it anew)' : '';

/** Variables that name another stack, which runs, although nobody has said that this very folder is meant. */
async function othersNamed(dataDir: string): Promise<string[]> {
  if (setting(process.env, 'DATA_DIR') !== undefined) return [];
  const named = await Promise.all(namedHere(process.env).map(async ({ variable, port }) => ((await answers(port)) ? [`${variable} names what runs on port ${port}, and nothing runs on ${dataDir}`] : [])));
  return named.flat();
}

/** The data folder to stop or to empty. Ports or URLs of another stack mean that the wrong one would go. */
async function meant(): Promise<{ dataDir: string; state: RunningState | undefined }> {
  const { dataDir } = readSettings(process.env);
  const state = await runningState(dataDir);
  const problems = state === undefined ? await othersNamed(dataDir) : contradictions(process.env, dataDir, state.connection ?? {});
  if (problems.length > 0) throw new SetupError([...problems, 'nothing has changed; set DATA_DIR to the folder of the stack that is meant'], 2);
  console.error(`on ${dataDir}`);
  return { dataDir, state };
}

async function status(): Promise<void> {
  const { dataDir } = readSettings(process.env);
  const state = await runningState(dataDir);
  if (state === undefined) {
    console.log(`nothing runs on ${dataDir}${await damage(dataDir)}`);
    process.exitCode = 1;
    return;
  }
  console.log(`${dataDir}: supervised by pid ${state.supervisor.pid}${await damage(dataDir)}`);
  const portOf = (part: PartName): number => Number(addressOf(state.connection?.[urlVariables[part]] ?? '').split(':')[1] ?? 0);
  const ports = { kafka: portOf('kafka'), registry: portOf('registry'), clickhouse: portOf('clickhouse') };
  for (const { name, title, identity } of state.processes) {
    const part = partNames.find((known) => known === name);
    const health = part === undefined ? '' : (await partIsReady(part, ports).catch(() => false)) ? ', ready' : ', not ready';
    console.log(`  ${title}: pid ${identity.pid}${health}`);
  }
  for (const part of partNames.filter((known) => !state.processes.some(({ name }) => name === known))) {
    console.log(`  ${partTitles[part]}: not started here, or waiting to restart`);
  }
}

async function stop(): Promise<void> {
  const { dataDir, state } = await meant();
  if (state === undefined) {
    const ended = await endLeftovers(dataDir);
    console.log(ended === 0 ? `nothing runs on ${dataDir}` : `ended ${ended} left-over processes`);
    return;
  }
  process.kill(state.supervisor.pid, 'SIGTERM');
  for (let tries = 0; tries < 150 && isSameProcess(state.supervisor); tries += 1) await sleep(100);
  if (isSameProcess(state.supervisor)) throw new SetupError([`pid ${state.supervisor.pid} does not stop`]);
  await endLeftovers(dataDir);
  console.log('stopped');
}

async function reset(): Promise<void> {
  const { dataDir, state } = await meant();
  if (state === undefined && (await isStateDamaged(dataDir))) {
    throw new SetupError([`supervisor.json in ${dataDir} is damaged: make sure that no Kafka, registry or ClickHouse runs on that folder, delete the file, and repeat`]);
  }
  if (state !== undefined) {
    throw new SetupError([`the stack on ${dataDir} runs (pid ${state.supervisor.pid}); stop it first: npm run stack -- stop`]);
  }
  await endLeftovers(dataDir);
  for (const entry of stateEntries) await rm(join(dataDir, entry), { recursive: true, force: true });
  console.log(`all events, schemas, tables, users of ClickHouse and logs in ${dataDir} are deleted`);
}

const program = new Command('stack').description('The local stack: Kafka, schema registry, ClickHouse');
program.command('start', { isDefault: true }).description('start it and stay until Ctrl-C').action(start);
program.command('install').description('fetch the programs into the cache folder, without starting').action(install);
program.command('status').description('what runs on the data folder').action(status);
program.command('stop').description('stop what runs on the data folder').action(stop);
program.command('reset').description('delete the state of all parts').action(reset);

await program.parseAsync().catch(endWithMessage);
