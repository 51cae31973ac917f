// npm run service -- <name>: one service in the foreground, configured by the environment alone.
import { pathToFileURL } from 'node:url';
import { findServices, mainFile } from './local/services.ts';

const names = findServices();
const name = process.argv[2];
if (name === undefined || !names.includes(name)) {
  console.error(`${name === undefined ? 'which service?' : `there is no service "${name}";`} services are: ${names.join(', ')}`);
  process.exit(2);
}
await import(pathToFileURL(mainFile(name)).href);
