// The example values in a question's header, as parameters of its query.

/** The header's lines of name, type, example and meaning, which at least two blanks part. */
export function examplesOf(sql: string): Record<string, string> {
  return Object.fromEntries([...sql.matchAll(/^-- {3}(\w+) {2,}\S.*?\S? {2,}(\S.*?) {2,}\S/gm)].map(([, name = '', value = '']) => [name, value]));
}

/** The client wants lists as lists: it would quote their text. */
const parameterOf = (value: string): unknown => (value.startsWith('[') ? JSON.parse(value.replaceAll("'", '"')) : value);

export const parametersOf = (examples: Readonly<Record<string, string>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, parameterOf(value)]));
