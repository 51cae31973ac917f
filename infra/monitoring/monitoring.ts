// npm run monitoring -- check | start | dashboard: the files of this folder, checked by Prometheus' own tools, and a Prometheus that
// watches the stack that runs on the data folder. See README.md beside this file.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, program } from 'commander';
import { progressPrinter } from '../local/progress.ts';
import { readSettings, SetupError } from '../local/settings.ts';
import { endWithMessage } from '../local/supervisor/signals.ts';
import { runningState } from '../local/supervisor/supervisor.ts';
import { findServices, servicePorts } from '../start/services.ts';
import { dashboardText } from './dashboard.ts';
import { folder, prometheusPrograms, runTool, startPrometheus } from './prometheus.ts';

const programs = (): Promise<string> => prometheusPrograms(process.env, progressPrinter(process.stderr));

async function check(): Promise<void> {
  const found = await programs();
  console.log(await runTool(found, 'promtool', 'check', 'config', 'prometheus.yaml'));
  console.log(await runTool(found, 'promtool', 'test', 'rules', 'alerts.test.yaml'));
  console.log(await runTool(found, 'amtool', 'check-config', 'alertmanager.yaml'));
}

/** host:port of every service of the stack that runs here. */
async function targetsHere(dataDir: string): Promise<string[]> {
  const running = await runningState(dataDir);
  const { INGRESS_PORT, INGRESS_HEALTH_PORT = '', HEALTH_PORT_BASE } = running?.connection ?? {};
  if (running === undefined || INGRESS_PORT === undefined || HEALTH_PORT_BASE === undefined) throw new SetupError([`nothing is started by npm start on ${dataDir}`]);
  const names = findServices().filter((name) => running.processes.some((process) => process.name === name));
  return [...servicePorts(names, Number(INGRESS_HEALTH_PORT === '' ? INGRESS_PORT : INGRESS_HEALTH_PORT), Number(HEALTH_PORT_BASE)).values()].map((port) => `127.0.0.1:${port}`);
}

async function start({ port }: { port: number }): Promise<void> {
  const { dataDir } = readSettings(process.env);
  const targets = await targetsHere(dataDir);
  const prometheus = await startPrometheus({ programs: await programs(), dir: join(dataDir, 'prometheus'), port, targets });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void prometheus.stop());
  console.log(`Prometheus watches ${targets.join(', ')}. Ctrl-C stops it.
  alerts   ${prometheus.url}/alerts
  targets  ${prometheus.url}/targets`);
  await once(prometheus.process, 'exit');
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('a port number (1 to 65535)');
  return port;
}

program.name('npm run monitoring --').description('Alert rules and Prometheus for the services; Debian\'s Prometheus is fetched at the first use.');
program.command('check').description('the rules, their tests and the configurations, by promtool and amtool').action(check);
program.command('start').description('a Prometheus on the stack that runs on DATA_DIR, until Ctrl-C').option('--port <n>', 'of Prometheus', portNumber, 9_090).action(start);
program.command('dashboard').description('writes dashboard.json from dashboard.ts').action(() => writeFile(join(folder, 'dashboard.json'), dashboardText()));
await program.parseAsync().catch(endWithMessage);
