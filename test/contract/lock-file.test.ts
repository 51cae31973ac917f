// `npm ci` refuses a lock file in which a dependency of a package is missing, also an optional one
// for another system. `npm install` writes such a file without a word when the registry that it asks
// doesn't have the package: everything works where it was written, and no clone can be installed.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** The folders in which Node looks for a dependency of the package in `folder`, nearest first. */
function placesOf(name: string, folder: string): string[] {
  const owner = folder.lastIndexOf('/node_modules/');
  const own = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
  if (folder === '') return [own];
  return [own, ...placesOf(name, owner === -1 ? '' : folder.slice(0, owner))];
}

test('the lock file has every package that its packages need, so a clone can be installed', async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as { packages: Readonly<Record<string, Locked>> };
  const missing = Object.entries(packages).flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !placesOf(name, folder).some((place) => place in packages))
      .map((name) => `${name}, of ${folder}`));
  expect(missing).toStrictEqual([]);
});
