// npm run <service> -- <command>: what people ask of a service that has commands of its own, in services/<service>/command.ts.
import { pathToFileURL } from 'node:url';
import { dirname, join } from 'node:path';
import { program, type Command } from 'commander';
import { exitCodeOf } from '../target/refused.ts';
import { locate, type Needs } from '../target/which-stack.ts';
import { findServices, mainFile } from './services.ts';

interface Commands {
  readonly addCommands: (program: Command, reach: (needs: Needs) => Promise<NodeJS.ProcessEnv>, env: NodeJS.ProcessEnv) => void;
}

const service = process.argv[2] ?? '';
if (!findServices().includes(service)) throw new Error(`there is no service "${service}"`);
const { addCommands } = (await import(pathToFileURL(join(dirname(mainFile(service)), 'command.ts')).href)) as Commands;

program.exitOverride();
program.name(`npm run ${service} --`);
addCommands(program, (needs) => locate(needs), process.env);
await program.parseAsync(process.argv.slice(3), { from: 'user' }).catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
