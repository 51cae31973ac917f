// The projections that there are, found by folder, and the statements that make each one's database.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadContracts } from '../../schemas/contract.ts';
import type { Projection } from '../../services/runtime/projection/projector.ts';
import { projectDir } from '../local/settings.ts';
import { readStatements, type Statement } from './statements.ts';

const servicesFolder = join(projectDir, 'services');
const sharedSql = join(projectDir, 'infra', 'clickhouse');

export interface FoundProjection {
  readonly folder: string;
  readonly projection: Projection;
}

export async function findProjections(): Promise<FoundProjection[]> {
  const folders = readdirSync(servicesFolder).map((name) => join(servicesFolder, name)).filter((folder) => existsSync(join(folder, 'projection.ts')));
  return Promise.all(folders.map(async (folder) => {
    const { projection } = (await import(pathToFileURL(join(folder, 'projection.ts')).href)) as { projection: Projection };
    return { folder, projection };
  }));
}

const sqlFiles = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith('.sql')).sort().map((file) => join(folder, file));

/** Everything that is to be applied to a projection's database, in order. */
export async function statementsOf({ folder, projection }: FoundProjection): Promise<Statement[]> {
  const records = [...(await loadContracts()).values()].map(({ record }) => record);
  return readStatements([...(projection.timeline ? sqlFiles(sharedSql) : []), ...sqlFiles(folder)], records);
}
