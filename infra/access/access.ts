// npm run access -- add | list | rotate | remove | sql: who may ask ClickHouse what. The local endpoint takes a change at
// its next login; for a ClickHouse server `sql` writes the statements. A password is shown once and kept nowhere.
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { tableText } from '../demo/report.ts';
import { readSettings } from '../local/settings.ts';
import { exitCodeOf, Refused } from '../target/refused.ts';
import { withClickHouse } from '../target/with-clickhouse.ts';
import { accessOn } from '../cluster/access.ts';
import { clusterOf } from '../cluster/on-cluster.ts';
import { serverSql } from './server-sql.ts';
import { LIMITS, newPassword, readUsers, UnusableUsers, usersFile, writeUsers, type Limits, type User } from './users.ts';

interface AddOptions {
  readonly integration?: readonly string[];
  readonly service?: readonly string[] | true;
  readonly administrator?: boolean;
  readonly pseudonyms?: true;
  readonly seconds?: number;
  readonly memoryMib?: number;
  readonly resultRows?: number;
  readonly threads?: number;
  readonly queries?: number;
}

const file = (): string => usersFile(join(readSettings(process.env).dataDir, 'clickhouse'));

/** A description that can't be used is told as what a person must mend. */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof UnusableUsers ? new Refused(`${error.message}; nothing has changed`) : error;
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number from 1');
  return value;
}

function limitsOf({ seconds, memoryMib, resultRows, threads, queries }: AddOptions): Limits {
  return {
    seconds: seconds ?? LIMITS.seconds, memory_mib: memoryMib ?? LIMITS.memory_mib, result_rows: resultRows ?? LIMITS.result_rows,
    threads: threads ?? LIMITS.threads, queries: queries ?? LIMITS.queries,
  };
}

function described(name: string, options: AddOptions, login: { readonly sha256: string; readonly salt: string }): User {
  const { integration, service, administrator } = options;
  const kinds = [integration, service, administrator].filter((given) => given !== undefined);
  if (kinds.length !== 1) throw new Refused('say what the user is: --integration <id...> for an analyst, --service [database...] for a service, or --administrator');
  if (integration === undefined && [options.seconds, options.memoryMib, options.resultRows, options.threads, options.queries, options.pseudonyms].some((given) => given !== undefined)) throw new Refused('limits and pseudonyms are for analysts');
  if (integration !== undefined) return { kind: 'analyst', name, ...login, integrations: [...new Set(integration)].sort(), ...(options.pseudonyms === true ? { pseudonyms: true } : {}), limits: limitsOf(options) };
  if (service !== undefined) return { kind: 'service', name, ...login, databases: service === true ? [] : [...new Set(service)].sort() };
  return { kind: 'administrator', name, ...login };
}

function showPassword(name: string, password: string): void {
  console.log(`password of ${name}: ${password}
It is shown this once. With curl: curl -u ${name}:${password} '<address of ClickHouse>' --data-binary 'SHOW TABLES FROM queue'`);
}

function add(name: string, options: AddOptions): void {
  const users = told(() => readUsers(file()));
  if (users.some((user) => user.name === name)) throw new Refused(`${name} is there already: rotate gives a new password, remove takes it away`);
  const { password, ...login } = newPassword();
  const user = described(name, options, login);
  told(() => writeUsers(file(), [...users, user]));
  showPassword(name, password);
  console.log('Who reaches the port and is nobody in particular is the administrator, as long as CLICKHOUSE_PASSWORD is not set for the stack.');
}

function known(name: string): { readonly users: readonly User[]; readonly user: User } {
  const users = told(() => readUsers(file()));
  const user = users.find((other) => other.name === name);
  if (user === undefined) throw new Refused(`there is no user ${name}${users.length === 0 ? '' : `; there are ${users.map((other) => other.name).join(', ')}`}`);
  return { users, user };
}

function rotate(name: string): void {
  const { users, user } = known(name);
  const { password, ...login } = newPassword();
  writeUsers(file(), users.map((other) => (other === user ? { ...user, ...login } : other)));
  showPassword(name, password);
}

function remove(name: string): void {
  const { users, user } = known(name);
  writeUsers(file(), users.filter((other) => other !== user));
  console.log(`${name} is removed; on a ClickHouse server: DROP USER ${name}`);
}

function reads(user: User): string {
  if (user.kind === 'analyst') return user.integrations.join(', ');
  return 'everything';
}

function writes(user: User): string {
  if (user.kind === 'service') return user.databases.join(', ');
  return user.kind === 'administrator' ? 'everything' : '';
}

function list(): void {
  const users = told(() => readUsers(file()));
  if (users.length === 0) console.log(`there are no users but the one of the environment (${file()})`);
  else {
    console.log(tableText(users.map((user) => ({
      name: user.name, kind: user.kind, reads: reads(user), agents: user.kind === 'analyst' && user.pseudonyms === true ? 'pseudonyms' : 'as they are', writes: writes(user),
      ...Object.fromEntries(Object.keys(LIMITS).map((name) => [name, user.kind === 'analyst' ? user.limits[name as keyof Limits] : null])),
    }))));
  }
}

const sql = (): Promise<void> => withClickHouse({ command: 'access sql', changes: false }, async (clickhouse) => {
  process.stdout.write(await accessOn((await clusterOf(clickhouse)) ?? '', await serverSql(clickhouse, told(() => readUsers(file())))));
});

const program = new Command('npm run access --').exitOverride()
  .description('Who may ask ClickHouse what: analysts of one or several integrations, services, administrators.')
  .addHelpText('after', `
Examples:
  npm run access -- add mira --integration acme                # sees the rows of acme, through views
  npm run access -- add agency --integration acme globex --seconds 60
  npm run access -- add queue-analytics --service queue        # reads everything, adds rows to queue
  npm run access -- add fair --integration acme --pseudonyms   # … with pseudonyms of agents, without texts
  npm run access -- sql > access.sql                           # the same for a ClickHouse server
Exit codes: 0 done, 2 wrong usage or not possible (nothing has changed), 3 ClickHouse does not answer.`);
program.command('add').description('Let somebody in; shows the password, once').argument('<name>', 'lower-case letters, digits, _ and -')
  .option('--integration <id...>', 'an analyst, who sees the rows of these tenants only')
  .option('--pseudonyms', '… and not who the agents are: pseudonyms, and no texts')
  .option('--service [database...]', 'a service, which reads everything and adds rows to these databases')
  .option('--administrator', 'may do everything')
  .option('--seconds <n>', `an analyst's query takes this long at most (${LIMITS.seconds})`, positive)
  .option('--memory-mib <n>', `… and this memory (${LIMITS.memory_mib})`, positive)
  .option('--result-rows <n>', `… gives so many rows (${LIMITS.result_rows})`, positive)
  .option('--threads <n>', `… uses so many threads (${LIMITS.threads})`, positive)
  .option('--queries <n>', `so many of them run at once (${LIMITS.queries})`, positive)
  .action(add);
program.command('list').description('Who there is').action(list);
program.command('rotate').description('A new password; the old one is refused from now on').argument('<name>').action(rotate);
program.command('remove').description('Let somebody in no longer').argument('<name>').action(remove);
program.command('sql').description('The statements that make the same users, with row policies, quotas and settings, on a ClickHouse server').action(sql);

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
