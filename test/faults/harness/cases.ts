// All faults, found by folder, in the order of their numbers.
import { readdirSync } from 'node:fs';
import type { Fault } from './fault.ts';

const folder = new URL('../cases/', import.meta.url);

const numberOf = ({ id }: Fault): number => Number(/\d+/.exec(id)?.[0] ?? 0);

export const faults: readonly Fault[] = (await Promise.all(readdirSync(folder).filter((file) => file.endsWith('.ts'))
  .map(async (file) => ((await import(`../cases/${file.slice(0, -3)}.ts`)) as { default: Fault }).default)))
  .sort((a, b) => numberOf(a) - numberOf(b) || a.id.localeCompare(b.id));

/** Faults of the list that are not run here, and why. */
export const notRun: Readonly<Record<string, string>> = {
  F24: 'two builds side by side need a copy of the code: test/integration/version-two.test.ts shows it',
  F25: 'nothing has to run while schemas are registered: test/integration/registry.test.ts shows that of two incompatible ones at once one is refused',
  F32: 'a soak of hours is a command of its own: npm run bench soak',
  F34: 'test/integration/personal-data.test.ts shows it: a customer is forgotten, all tables are made of the log from offset 0, and they stay unreadable while every count is what it was',
};
