// A column's type as ClickHouse writes it in system.columns, e.g.
// Array(Tuple(at DateTime64(3, 'UTC'), flow LowCardinality(String))), taken apart.

export interface ColumnType {
  readonly name: string;
  /** What stands in the parentheses, as it is written. */
  readonly parts: readonly string[];
}

/** A comma outside quotes and parentheses parts. */
function split(text: string): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (const { 0: token, index } of text.matchAll(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]/g)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === ',' && depth === 0) {
      parts.push(text.slice(from, index).trim());
      from = index + 1;
    }
  }
  return [...parts, text.slice(from).trim()];
}

export function readType(text: string): ColumnType {
  const [, name = text, inside] = /^(\w+)\(([^]*)\)$/.exec(text) ?? [];
  return { name, parts: inside === undefined ? [] : split(inside) };
}

/** An element of a tuple: `at DateTime`, or a type alone, whose name is then its place. */
export function readElement(text: string, index: number): { readonly name: string; readonly written: string; readonly type: string } {
  const [, written = '', type = text] = /^(`(?:[^`\\]|\\.)*`|\w+)\s+([^]+)$/.exec(text) ?? [];
  return { name: written === '' ? String(index) : written.replace(/^`([^]*)`$/, '$1').replaceAll(/\\(.)/g, '$1'), written, type };
}
