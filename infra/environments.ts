// Which environments get topics and subjects: the configured ones and those that the
// integrations file names, so that the ingress never meets one without topics.
import { readFile } from 'node:fs/promises';
import { list, text, type Config, type Settings } from '../services/runtime/config.ts';
import { RuntimeError } from '../services/runtime/errors.ts';

export const environmentSettings = {
  ENVIRONMENTS: { parse: list, default: ['production', 'staging'], doc: 'Environments that get topics and subjects, besides those of INTEGRATIONS_FILE' },
  INTEGRATIONS_FILE: { parse: text, default: '', doc: 'JSON file of integrations; the environments it names get topics and subjects too' },
} satisfies Settings;

function parsed(content: string, path: string): { environment: string }[] {
  try {
    return JSON.parse(content) as { environment: string }[];
  } catch (error) {
    throw new RuntimeError('CONFIG_INVALID', `INTEGRATIONS_FILE ${path} is not JSON (is it empty or cut?)`, { cause: error });
  }
}

export async function environmentsOf(config: Config<typeof environmentSettings>): Promise<string[]> {
  const content = config.INTEGRATIONS_FILE === '' ? '[]' : await readFile(config.INTEGRATIONS_FILE, 'utf8');
  const named = parsed(content, config.INTEGRATIONS_FILE).map(({ environment }) => environment);
  return [...new Set([...config.ENVIRONMENTS, ...named])];
}
