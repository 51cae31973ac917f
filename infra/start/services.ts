// The services, found by folder: services/<name>/main.ts. A new service needs no entry anywhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDir } from '../local/settings.ts';

const servicesDir = join(projectDir, 'services');

/** The door, the first three consumers and the dashboard, whose ports people have written down; others follow by name. */
const firstInOrder: readonly string[] = ['ingress', 'queue-analytics', 'agent-analytics', 'event-archive', 'dashboard'];

/**
 * How node is started for a service. Far behind, it holds a fetch of records at a time: in V8's nursery of 16 MB most of them
 * were copied before they were done with, a tenth of all CPU of catching up.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=32'];

export const mainFile = (name: string): string => join(servicesDir, name, 'main.ts');

export function findServices(dir = servicesDir): string[] {
  const found = readdirSync(dir).filter((name) => existsSync(join(dir, name, 'main.ts'))).sort();
  return [...firstInOrder.filter((name) => found.includes(name)), ...found.filter((name) => !firstInOrder.includes(name))];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The services that npm start starts: all but those that have nothing to do without a certain
 * variable. A file `start-when-set` beside the service's main.ts names it.
 */
export function servicesToStart(env: Environment, dir = servicesDir): string[] {
  return findServices(dir).filter((name) => {
    const condition = join(dir, name, 'start-when-set');
    return !existsSync(condition) || (env[readFileSync(condition, 'utf8').trim()] ?? '') !== '';
  });
}

/**
 * The HTTP port of each service: the ingress answers health checks at its own door, a consumer at the
 * base plus its place. The places of the first of them are theirs even when one is missing.
 */
export function servicePorts(names: readonly string[], ingressPort: number, healthPortBase: number): Map<string, number> {
  const consumers = [...firstInOrder, ...names.filter((name) => !firstInOrder.includes(name))].filter((name) => name !== 'ingress');
  return new Map(names.map((name) => [name, name === 'ingress' ? ingressPort : healthPortBase + consumers.indexOf(name)]));
}
