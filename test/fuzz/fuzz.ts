// npm run fuzz: made-up requests and malformed messages at the door of the running stack (npm start), as many as you like. Some of the
// requests are signed, and kept: use a data folder that may be thrown away.
import { join } from 'node:path';
import { InvalidArgumentError, program } from 'commander';
import { Progress } from '../../infra/facts/progress.ts';
import { readSettings } from '../../infra/local/settings.ts';
import { logFile, runningState } from '../../infra/local/supervisor/supervisor.ts';
import { exitCodeOf, Refused } from '../../infra/target/refused.ts';
import { readIntegrationsFile } from '../../services/runtime/integrations-file.ts';
import { fuzz } from './run.ts';

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number');
  return value;
}

async function main({ requests, messages, seed }: { readonly requests: number; readonly messages: number; readonly seed: number }): Promise<void> {
  const { dataDir } = readSettings(process.env);
  const connection = (await runningState(dataDir))?.connection ?? {};
  const { INGRESS_PORT: port, INGRESS_HEALTH_PORT: healthPort = '' } = connection;
  if (port === undefined) throw new Refused(`no door runs on ${dataDir}: npm start`);
  const { integrations } = await readIntegrationsFile(connection['INTEGRATIONS_FILE'] ?? join(dataDir, 'integrations.json'), process.env);
  const [integration] = integrations;
  if (integration === undefined) throw new Refused('there is no integration to sign for');
  const progress = new Progress('sent', { total: requests + messages, unit: 'messages' });
  const began = performance.now();
  const { answers, problems } = await fuzz(
    { port: Number(port), metricsUrl: `http://127.0.0.1:${healthPort === '' ? port : healthPort}/metrics`, logFile: logFile(dataDir, 'ingress'), integrationId: integration.integration_id, secret: integration.secrets[0] ?? '' },
    { requests, messages, seed, onProgress: () => progress.step(1) },
  );
  progress.end();
  console.log(`${requests} requests and ${messages} malformed messages (seed ${seed}) in ${((performance.now() - began) / 1_000).toFixed(1)} s: ${Object.entries(answers).sort().map(([status, times]) => `${status} × ${times}`).join(', ')}`);
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? 'The door held: no 5xx, no crash, no stuck connection, no secret and no text in its log.' : `${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}

program.exitOverride().name('npm run fuzz --').description('Made-up requests and malformed messages at the door of the running stack. The signed ones are kept: use a data folder that may be thrown away.')
  .option('--requests <n>', 'well-formed requests', count, 100_000)
  .option('--messages <n>', 'malformed messages', count, 10_000)
  .option('--seed <n>', 'of the choices: the same seed sends the same', count, 1)
  .action(main);
await program.parseAsync().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
