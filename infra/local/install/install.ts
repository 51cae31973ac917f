// Sees to it that the programs of the local stack are in the user's cache folder. What is there is
// not touched and not checked again, so a start without network and without Maven works.
import { join } from 'node:path';
import { exists, install } from './cache.ts';
import { clickhouseDownload, javaDownload, kafkaDownload, registryDownload, type Download, type Environment } from './downloads.ts';
import { findJava } from './java.ts';
import { findPython, javaProblem, mavenProblem, nodeProblem, onPath, refuseIfMissing } from './prerequisites.ts';
import { tracked, type OnProgress } from '../progress.ts';
import { partNames, type PartName } from '../settings.ts';

export interface Installation {
  /** The command that runs Java ≥ 21. */
  java: string;
  kafkaDir: string;
  registryDir: string;
  clickhouseDir: string;
}

export interface InstallOptions {
  cacheDir: string;
  env: Environment;
  only?: readonly PartName[];
  onProgress?: OnProgress;
}

/** Fetches what is missing; with everything in the cache it takes a few milliseconds and no network. */
export async function ensureInstalled(options: InstallOptions): Promise<Installation> {
  const { cacheDir, env, only: wanted = partNames, onProgress = () => undefined } = options;
  const place = (download: Download): string => join(cacheDir, download.folder);
  const [kafka, registry, clickhouse, javaRuntime] = await Promise.all([
    kafkaDownload({ cacheDir, env }), registryDownload({ cacheDir, env }), clickhouseDownload({ cacheDir, env }), javaDownload({ env }),
  ]);
  const lacks = async (name: PartName, download: Download): Promise<boolean> =>
    wanted.includes(name) && !(await exists(place(download)));
  const lacksKafka = await lacks('kafka', kafka);
  const lacksRegistry = await lacks('registry', registry);
  const lacksClickhouse = await lacks('clickhouse', clickhouse);
  const usesJava = wanted.includes('kafka') || wanted.includes('registry');
  const java = usesJava ? await findJava(env) : 'java';
  const lacksJava = java === undefined && !(await exists(place(javaRuntime)));

  refuseIfMissing([
    nodeProblem(process.versions.node),
    lacksJava && (await findPython(env)) === undefined ? javaProblem() : undefined,
    (lacksKafka || lacksRegistry) && !(await onPath('mvn', env)) ? mavenProblem() : undefined,
  ]);

  const fetch = async (download: Download): Promise<void> => {
    const { title, measure } = download;
    await tracked(onProgress, { title, doing: 'download', ...(measure && { measure }) }, () => install(cacheDir, download));
  };
  // Java comes before Maven, which may have to run on it; and Maven's local repository isn't made
  // for two Mavens at once, so those two follow each other.
  const fetchForJvm = async (): Promise<void> => {
    if (lacksJava) await fetch(javaRuntime);
    if (lacksKafka) await fetch(kafka);
    if (lacksRegistry) await fetch(registry);
  };
  await allSettled([fetchForJvm(), lacksClickhouse ? fetch(clickhouse) : Promise.resolve()]);
  return {
    java: java ?? join(place(javaRuntime), 'bin', 'java'),
    kafkaDir: place(kafka),
    registryDir: place(registry),
    clickhouseDir: place(clickhouse),
  };
}

/** Waits for all, then throws the first failure: none is left running behind an error message. */
async function allSettled(tasks: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks)).find((task) => task.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
