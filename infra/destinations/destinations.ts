// npm run <service> -- check | setup | dry-run | …, for every service that brings tickets to a destination: whether what
// DESTINATIONS_FILE says of it works, making what is missing there, what the last events would do, and what only that service can.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { DestinationCommand, Finding } from '../../services/destinations/command.ts';
import { placeFor, type Place } from '../../services/destinations/consumer.ts';
import { readDestinations } from '../../services/destinations/file.ts';
import { messageOf } from '../../services/runtime/errors.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { projectDir } from '../local/settings.ts';
import { exitCodeOf, Refused } from '../target/refused.ts';
import { locate, type Needs } from '../target/which-stack.ts';
import { dryRun } from './dry-run.ts';

const SOMETHING_IS_MISSING = 1;

interface Options {
  readonly file?: string;
  readonly integration?: string;
}

/** npm runs this in the project's folder; a relative path means the folder in which it was typed. */
function fileOf({ file }: Options): string {
  if (file !== undefined) return resolve(process.env['INIT_CWD'] ?? '.', file);
  const configured = process.env['DESTINATIONS_FILE'] ?? '';
  if (configured === '') throw new Refused('DESTINATIONS_FILE is not set, and there is no --file');
  return resolve(projectDir, configured);
}

/** What a service's command.ts has. */
interface Commands {
  readonly command: DestinationCommand<unknown>;
  /** Those that only this service has; they set the process's exit code themselves. */
  readonly addCommands?: (program: Command, reach: Reach, env: NodeJS.ProcessEnv) => void;
}

async function loadCommands(service: string): Promise<Commands> {
  if (!existsSync(join(projectDir, 'services', service, 'command.ts'))) throw new Refused(`${service} is no service that brings tickets to a destination`);
  return (await import(`../../services/${service}/command.ts`)) as Commands;
}

function print(integration: string, findings: readonly Finding[]): void {
  for (const { what, todo } of findings) console.log(`${todo === null ? 'ok      ' : 'missing '} ${integration}: ${what}${todo === null ? '' : ` — ${todo}`}`);
}

type Look = (place: Place<unknown>) => Promise<readonly Finding[]>;
type Reach = (needs: Needs) => Promise<NodeJS.ProcessEnv>;

/** For each integration that has such a section. @returns the exit code */
async function forEach({ section }: DestinationCommand<unknown>, look: Look, options: Options): Promise<number> {
  const path = fileOf(options);
  const sections = [...await readDestinations(path, section)].filter(([id]) => options.integration === undefined || id === options.integration);
  if (sections.length === 0) throw new Refused(`${path} has no section "${section.name}"${options.integration === undefined ? '' : ` for ${options.integration}`}`);
  const logger = createLogger(section.name, 'error');
  let missing = 0;
  for (const [integration, value] of sections) {
    const findings = await look(placeFor(integration, value, section, logger)).catch((error: unknown): Finding[] => [{ what: messageOf(error), todo: 'mend this first' }]);
    print(integration, findings);
    missing += findings.filter(({ todo }) => todo !== null).length;
  }
  return missing === 0 ? 0 : SOMETHING_IS_MISSING;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('a whole number from 1 on');
  return Number(text);
}

function addCommon(program: Command, service: string, command: DestinationCommand<unknown>): void {
  const { consumer, check, setup, parts = [] } = command;
  const common = (name: string, text: string): Command => program.command(name).description(text)
    .option('--file <path>', 'instead of DESTINATIONS_FILE').option('--integration <id>', 'this one only');
  const forAll = async (look: Look, options: Options): Promise<void> => {
    process.exitCode = await forEach(command, look, options);
  };
  common('check', 'looks whether what the file says works; changes nothing').action(async (options: Options) => {
    const env = parts.length === 0 ? process.env : await locate({ command: `${service} check`, parts, changes: false });
    await forAll((place) => check(place, env), options);
  });
  if (setup !== undefined) common('setup', 'makes what is missing at the destination').action(async (options: Options) => forAll(setup, options));
  if (consumer === undefined) return;
  common('dry-run', 'prints what the last events of the log would do; sends nothing')
    .option('--events <n>', 'how many', wholeNumber, 100)
    .action(async ({ events, ...options }: Options & { events: number }) => dryRun(consumer, { path: fileOf(options), events, integration: options.integration }));
}

async function run(service: string | undefined, args: readonly string[]): Promise<void> {
  if (service === undefined) throw new Refused('which service? E.g. npm run trello -- check');
  const { command, addCommands } = await loadCommands(service);
  const program = new Command(`npm run ${service} --`).exitOverride();
  addCommon(program, service, command);
  addCommands?.(program, (needs) => locate(needs), process.env);
  await program.parseAsync([...args], { from: 'user' });
}

try {
  await run(process.argv[2], process.argv.slice(3));
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
