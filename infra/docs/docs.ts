// Documentation generated from the contracts into schemas/docs/:
//   npm run docs              writes it
//   npm run docs -- --check   says which files are not what the contracts say, and fails
// Event pages, changelog and AsyncAPI document are generated whole; in the written pages only
// the parts between their marks are (docs/blocks.ts).
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadContracts } from '../../schemas/contract.ts';
import { readReleases } from '../../services/runtime/registry/registry.ts';
import { asyncapiDocument } from './asyncapi.ts';
import { withBlocks } from './blocks.ts';
import { changelogPage } from './changelog.ts';
import { eventPage } from './event-page.ts';

export const docsFolder = fileURLToPath(new URL('../../schemas/docs', import.meta.url));

const textOf = (file: string): Promise<string> => readFile(join(docsFolder, file), 'utf8').catch(() => '');

/** Every file of the documentation by its name, as it should be. */
export async function generateDocs(): Promise<ReadonlyMap<string, string>> {
  const contracts = [...(await loadContracts()).values()];
  const releases = await readReleases();
  const files = new Map([
    ['asyncapi.json', asyncapiDocument(contracts)],
    ['changelog.md', changelogPage(contracts)],
    ...contracts.map((contract): [string, string] => [`${contract.folder}.md`, eventPage(contract, releases.filter(({ record }) => record === contract.recordName))]),
  ]);
  const written = (await readdir(docsFolder)).filter((file) => file.endsWith('.md') && !files.has(file));
  for (const file of written) files.set(file, withBlocks(await textOf(file), contracts));
  return files;
}

/** Files that are not what the contracts say. */
export async function staleDocs(): Promise<string[]> {
  const stale: string[] = [];
  for (const [file, text] of await generateDocs()) if ((await textOf(file)) !== text) stale.push(`schemas/docs/${file}`);
  return stale;
}

async function main(args: readonly string[]): Promise<void> {
  const stale = await staleDocs();
  if (args.includes('--check')) {
    if (stale.length === 0) return;
    console.error(`not what the contracts say: ${stale.join(', ')}; run \`npm run docs\` and commit what it writes`);
    process.exitCode = 1;
    return;
  }
  for (const [file, text] of await generateDocs()) await writeFile(join(docsFolder, file), text);
  console.log(stale.length === 0 ? 'nothing changed' : `wrote ${stale.join(', ')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
