// The projections that there are, found by folder, and the statements that make each one's database.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
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
  const names = readdirSync(servicesFolder).filter((name) => existsSync(join(servicesFolder, name, 'projection.ts')));
  return Promise.all(names.map(async (name) => {
    const { projection } = (await import(`../../services/${name}/projection.ts`)) as { projection: Projection };
    return { folder: join(servicesFolder, name), projection };
  }));
}

const sqlFiles = (folder: string): string[] => readdirSync(folder).filter((file) => file.endsWith('.sql')).sort().map((file) => join(folder, file));

/** Everything that is to be applied to a projection's database, in order. */
export async function statementsOf({ folder, projection }: FoundProjection): Promise<Statement[]> {
  const records = [...(await loadContracts()).values()].map(({ record }) => record);
  return readStatements([...(projection.timeline ? sqlFiles(sharedSql) : []), ...sqlFiles(folder)], records);
}
