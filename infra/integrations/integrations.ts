// npm run integrations -- add | rotate | revoke | list: who may send, and by which secrets. The door follows the file within a second.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { kafkaSettings, readConfig } from '../../services/runtime/config.ts';
import type { KafkaConnection } from '../../services/runtime/kafka/admin.ts';
import { createLogger } from '../../services/runtime/logger.ts';
import { weakness, type SecretSource } from '../../services/runtime/integrations-file.ts';
import { tableText } from '../demo/report.ts';
import { setting } from '../local/settings.ts';
import { exitCodeOf, Refused } from '../target/refused.ts';
import { locate } from '../target/which-stack.ts';
import { addIntegration, addSecret, newSecret, pick, readKnown, removeSecret, type IntegrationsFile, type Known, type KnownSecret } from './edit.ts';
import { usesOf } from './last-use.ts';
import { kafkaConnection } from '../../services/runtime/kafka/connection.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;

interface Place extends IntegrationsFile {
  readonly connection: KafkaConnection;
}

async function place(command: string): Promise<Place> {
  const env = await locate({ command: `integrations ${command}`, parts: ['kafka'], changes: false });
  const path = setting(env, 'INTEGRATIONS_FILE') ?? join(env['DATA_DIR'] ?? '', 'integrations.json');
  console.error(`file: ${path}`);
  return { path, env, connection: kafkaConnection(readConfig(kafkaSettings, env), 'integrations', createLogger('integrations', 'error')) };
}

interface SecretOption {
  readonly secretFile?: string;
}

/** npm runs this in the project's folder; a relative path means the folder in which it was typed. */
const secretOf = async ({ secretFile }: SecretOption): Promise<string> =>
  (secretFile === undefined ? newSecret() : (await readFile(resolve(process.env['INIT_CWD'] ?? '.', secretFile), 'utf8').catch((error: unknown) => {
    throw new Refused(`--secret-file: ${String(error)}`);
  })).trimEnd());

interface AddOptions extends SecretOption {
  readonly environment: string;
  readonly requireBodySignature?: true;
  readonly encryptPersonalData?: true;
  readonly maxEventsPerSecond?: number;
  readonly maxAgeSeconds?: number;
}

async function add(id: string, options: AddOptions): Promise<void> {
  const { environment, requireBodySignature, encryptPersonalData, maxEventsPerSecond, maxAgeSeconds } = options;
  const file = await place('add');
  const secret = await secretOf(options);
  const isNew = !existsSync(file.path) || (await readKnown(file)).every(({ entry }) => entry.environment !== environment);
  await addIntegration(file, {
    integration_id: id, environment,
    ...(requireBodySignature === undefined ? {} : { require_body_signature: true }),
    ...(encryptPersonalData === undefined ? {} : { encrypt_personal_data: true }),
    ...(maxEventsPerSecond === undefined ? {} : { max_events_per_second: maxEventsPerSecond }),
    ...(maxAgeSeconds === undefined ? {} : { max_age_seconds: maxAgeSeconds }),
  }, secret);
  console.log(`secret of ${id}: ${secret}`);
  if (isNew || encryptPersonalData === true) console.log(`If nothing ran for this in ${environment} before: npm run topics, npm run schemas, and start the ingress anew`);
}

interface EnvironmentOption {
  readonly environment?: string;
}

async function rotate(id: string, options: EnvironmentOption & SecretOption): Promise<void> {
  const file = await place('rotate');
  const all = await readKnown(file);
  const known = pick(all, id, options.environment);
  const secret = await secretOf(options);
  await addSecret(file, all, known, secret);
  console.log(`new secret of ${id}: ${secret}
The old ones stay valid (${known.secrets.map(({ kid }) => kid).join(', ')}). When the sender uses the new one: npm run integrations -- revoke ${id} ${known.secrets[0]?.kid ?? ''}`);
}

interface RevokeOptions extends EnvironmentOption {
  readonly unusedFor: number;
  readonly anyway?: true;
}

async function revoke(id: string, kid: string, options: RevokeOptions): Promise<void> {
  const file = await place('revoke');
  const all = await readKnown(file);
  const known = pick(all, id, options.environment);
  const secret = known.secrets.find((other) => other.kid === kid);
  if (secret === undefined) throw new Refused(`${id} has no secret ${kid}; it has ${known.secrets.map((other) => other.kid).join(', ')}`);
  if (options.anyway !== true) await isUnused(file, known, secret, options.unusedFor);
  await removeSecret(file, all, known, secret);
  console.log(`${kid} is revoked: what it signs is refused from now on. ${id} has ${known.secrets.filter((other) => other !== secret).map((other) => other.kid).join(', ')}`);
}

/** @throws Refused while it is in use, or may be */
async function isUnused({ connection }: Place, { entry, secrets }: Known, secret: KnownSecret, hours: number): Promise<void> {
  const since = new Date(Date.now() - hours * HOUR_MS);
  const { last, others } = await usesOf(connection, { environment: entry.environment, integrationId: entry.integration_id, secrets: secrets.map((other) => other.secret), since });
  const used = last.get(secret.secret);
  if (used !== undefined) throw new Refused(`${secret.kid} signed an event at ${used.toISOString()}, within the last ${hours} h: who uses it would be refused. Change it there first; --anyway revokes it now`);
  if (others > 0) throw new Refused(`of ${others} events of ${entry.integration_id} within the last ${hours} h nobody can say which secret signed them (one that was revoked since, or a sealed body in quarantine): wait, take a smaller --unused-for, or --anyway`);
}

const sourceText = (source: SecretSource): string => (typeof source === 'string' ? 'here' : Object.entries(source).map(([kind, name]) => `${kind} ${name}`).join());

async function list({ used: hours }: { readonly used?: number }): Promise<void> {
  const file = await place('list');
  const rows = (await readKnown(file)).flatMap(({ entry, secrets }) => secrets.map((secret) => ({ entry, secrets, secret })));
  if (rows.length === 0) throw new Refused('there is no integration: npm run integrations -- add <id>');
  const shown = await Promise.all(rows.map(async ({ entry, secrets, secret }) => {
    const asked = hours === undefined ? null : { environment: entry.environment, integrationId: entry.integration_id, secrets: secrets.map((other) => other.secret), since: new Date(Date.now() - hours * HOUR_MS) };
    const used = asked === null ? {} : { used: (await usesOf(file.connection, asked)).last.get(secret.secret)?.toISOString() ?? null };
    return { integration: entry.integration_id, environment: entry.environment, kid: secret.kid, where: sourceText(secret.source), ...used, weak: weakness(secret.secret) };
  }));
  console.log(tableText(shown));
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('a number above 0');
  return value;
}

function whole(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('a whole number');
  return value;
}

function environmentName(text: string): string {
  if (!/^[a-zA-Z0-9_-]+$/.test(text)) throw new InvalidArgumentError('letters, digits, _ and -');
  return text;
}

const program = new Command('npm run integrations --').exitOverride()
  .description('Who may send events, and by which secrets. A secret is called by its kid, six digits of a hash; kids are in logs and metrics.')
  .addHelpText('after', `
A rotation: rotate, give the sender the new secret, revoke the old one by its kid. Both are valid in between.
Exit codes: 0 done, 2 wrong usage or refused (nothing has changed), 3 Kafka does not answer.`);
program.command('add').description('Let somebody send; shows the secret').argument('<id>')
  .option('--environment <name>', 'whose log its events go to', environmentName, 'production')
  .option('--secret-file <path>', 'a secret of yours, instead of a random one')
  .option('--require-body-signature', 'demand the headers of Standard Webhooks, which sign the whole body')
  .option('--encrypt-personal-data', 'seal what is personal, so that npm run forget can erase a customer')
  .option('--max-events-per-second <n>', 'answer 429 above it', whole)
  .option('--max-age-seconds <n>', 'refuse older events', positive)
  .action(add);
program.command('rotate').description('A new secret beside those that there are').argument('<id>')
  .option('--environment <name>', 'when it is in several', environmentName)
  .option('--secret-file <path>', 'a secret of yours, instead of a random one').action(rotate);
program.command('revoke').description('Take a secret away; refused while it is in use').argument('<id>').argument('<kid>')
  .option('--environment <name>', 'when it is in several', environmentName)
  .option('--unused-for <hours>', 'it must not have signed anything for so long', positive, HOURS)
  .option('--anyway', 'although it is in use').action(revoke);
program.command('list').description('Who may send, and the kids of their secrets')
  .option('--used <hours>', 'and when each signed an event last, within so many hours', positive).action(list);

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
