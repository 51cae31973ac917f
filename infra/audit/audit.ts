// npm run audit: known holes in the packages that run in production, as the package registry knows them. One that knows none, or can't be
// reached, is said to have checked nothing: that has an exit code of its own, so that CI fails for a hole and not for the network.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { program } from 'commander';
import { projectDir } from '../local/settings.ts';
import { exitCodeOf } from '../target/refused.ts';
import { verdictOf, type Verdict } from './verdict.ts';

const FOLDERS = ['.', 'infra/local/clickhouse'];
/** The worst first. */
const codes = [['holes', 1], ['not checked', 3]] as const;

async function audited(folder: string): Promise<Verdict> {
  const child = spawn('npm', ['--prefix', folder, 'audit', '--json', '--omit=dev', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=10000'], { cwd: projectDir, stdio: ['ignore', 'pipe', 'ignore'] });
  return verdictOf(await text(child.stdout));
}

async function audit(): Promise<void> {
  const verdicts = await Promise.all(FOLDERS.map(async (folder) => ({ folder, verdict: await audited(folder) })));
  for (const { folder, verdict } of verdicts) console.log(`${folder}/package-lock.json: ${verdict.kind}${verdict.lines.map((line) => `\n  ${line}`).join('')}`);
  process.exitCode = codes.find(([kind]) => verdicts.some(({ verdict }) => verdict.kind === kind))?.[1] ?? 0;
}

program.exitOverride().name('npm run audit').description('Known holes in the packages that run in production, by the advisories of the package registry.')
  .addHelpText('after', '\nExit codes: 0 none is known, 1 there are some, 2 wrong usage, 3 not checked: the registry has no advisories or was not reached. Licences: npm test.')
  .action(audit);
await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
