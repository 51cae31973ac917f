// Which environments get topics and subjects: the configured ones and those that the
// integrations file names, so that the ingress never meets one without topics.
import { readFile } from 'node:fs/promises';
import { list, text, type Config, type Settings } from '../services/runtime/config.ts';

export const environmentSettings = {
  ENVIRONMENTS: { parse: list, default: ['production', 'staging'], doc: 'Environments that get topics and subjects, besides those of INTEGRATIONS_FILE' },
  INTEGRATIONS_FILE: { parse: text, default: '', doc: 'JSON file of integrations; the environments it names get topics and subjects too' },
} satisfies Settings;

export async function environmentsOf(config: Config<typeof environmentSettings>): Promise<string[]> {
  const content = config.INTEGRATIONS_FILE === '' ? '[]' : await readFile(config.INTEGRATIONS_FILE, 'utf8');
  const named = (JSON.parse(content) as { environment: string }[]).map(({ environment }) => environment);
  return [...new Set([...config.ENVIRONMENTS, ...named])];
}
