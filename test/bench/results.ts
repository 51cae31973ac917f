// RESULTS.md: a section per part, between marks, so that a part that runs alone replaces its own and keeps the others.
import { readFile, writeFile } from 'node:fs/promises';
import { messageOf } from '../../services/runtime/errors.ts';
import { arithmeticOf } from './arithmetic.ts';

const file = new URL('RESULTS.md', import.meta.url);

export const introduction = `# What was measured

Written by \`npm run bench -- PART\`; \`--help\` names the parts and tells their options. Each section says
when, on what and by which command it was made. Compare within a section: everything in it was measured in one run, on one
machine, with the sender on it. Another machine gives other milliseconds; the ratios should hold.
`;

export { table, type Row } from './table.ts';

const begin = (part: string): string => `<!-- ${part} -->`;
const end = (part: string): string => `<!-- end of ${part} -->`;

/** The document with this part's section in it, at its old place or as the last one. */
export function withSection(document: string, part: string, section: string): string {
  const whole = `${begin(part)}\n${section.trim()}\n${end(part)}`;
  const [from, to] = [document.indexOf(begin(part)), document.indexOf(end(part))];
  if (from === -1 || to < from) return `${document.trimEnd()}\n\n${whole}\n`;
  return document.slice(0, from) + whole + document.slice(to + end(part).length);
}

/** What rests on all other parts. Where one is missing, or has another form by now, it stays as it was, and says so. */
function withArithmetic(document: string): string {
  try {
    return withSection(document, 'arithmetic', arithmeticOf(document));
  } catch (error) {
    console.error(`the section arithmetic is left as it was: ${messageOf(error)}`);
    return document;
  }
}

export async function writeSection(part: string, section: string): Promise<void> {
  const before = await readFile(file, 'utf8').catch(() => introduction);
  await writeFile(file, withArithmetic(withSection(before, part, section)));
  console.log(`\n${section.trim()}\n\nwritten to test/bench/RESULTS.md`);
}

export async function writeArithmetic(): Promise<void> {
  await writeSection('arithmetic', arithmeticOf(await readFile(file, 'utf8')));
}
