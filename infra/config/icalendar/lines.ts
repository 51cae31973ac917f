// The text of an iCalendar file → its components, each with the line on which it begins, so that
// whatever is wrong can be told by line. ical.js reads a line's parameters and escapes.
import ICAL from 'ical.js';

export interface Problem {
  /** The first line of the file is line 1. */
  readonly line: number;
  readonly message: string;
}

/** A file that can't be used: everything that is wrong with it. */
export class UnreadableCalendar extends Error {
  override readonly name = 'UnreadableCalendar';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ line, message }) => `line ${line}  ${message}`).join('\n'));
    this.problems = problems;
  }
}

export interface ContentLine {
  readonly line: number;
  readonly text: string;
}
export interface Component {
  /** In small letters. */
  readonly name: string;
  readonly line: number;
  readonly lines: ContentLine[];
  readonly children: Component[];
}
export interface Property {
  /** In small letters. */
  readonly name: string;
  readonly line: number;
  readonly parameters: Readonly<Record<string, string | undefined>>;
  /** As written, escapes included. */
  readonly value: string;
}

type JcalProperty = readonly [name: string, parameters: Record<string, string | undefined>, type: string, ...values: unknown[]];

const refuse = (line: number, message: string): never => {
  throw new UnreadableCalendar([{ line, message }]);
};

/** Lines that begin with a blank go on the line before. */
function contentLines(text: string): ContentLine[] {
  const lines: { line: number; text: string }[] = [];
  text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/).forEach((part, index) => {
    const last = lines.at(-1);
    if (last !== undefined && /^[ \t]/.test(part)) last.text += part.slice(1);
    else if (part.trim() !== '') lines.push({ line: index + 1, text: part });
  });
  return lines;
}

/** The calendars of a file, which may hold several. @throws UnreadableCalendar */
export function readCalendars(text: string): Component[] {
  const [calendars, open]: [Component[], Component[]] = [[], []];
  for (const content of contentLines(text)) {
    const [, mark, name = ''] = /^(BEGIN|END):(.*)$/i.exec(content.text.trim())?.map((part) => part.toLowerCase()) ?? [];
    const inside = open.at(-1);
    if (mark === undefined) (inside ?? refuse(content.line, 'is outside of any calendar: this is no iCalendar file')).lines.push(content);
    else if (mark === 'begin') {
      if (inside === undefined && name !== 'vcalendar') refuse(content.line, `begins a ${name.toUpperCase()} outside of any calendar`);
      const component: Component = { name, line: content.line, lines: [], children: [] };
      (inside?.children ?? calendars).push(component);
      open.push(component);
    } else {
      const closed = open.pop() ?? refuse(content.line, 'ends what never began');
      if (closed.name !== name) refuse(content.line, `ends a ${name.toUpperCase()}, but what is open is the ${closed.name.toUpperCase()} of line ${closed.line}`);
    }
  }
  const [unclosed] = open;
  if (unclosed !== undefined) refuse(open.at(-1)?.line ?? 0, `begins a ${open.at(-1)?.name.toUpperCase() ?? ''} that never ends: the file is cut`);
  if (calendars.length === 0) refuse(1, 'this is no iCalendar file: nothing begins with BEGIN:VCALENDAR');
  return calendars;
}

const jcalOf = ({ line, text }: ContentLine): JcalProperty => {
  try {
    return ICAL.parse.property(text) as JcalProperty;
  } catch (error) {
    return refuse(line, `"${text.slice(0, 60)}" can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
};

export function propertiesOf({ lines }: Component): Property[] {
  return lines.map((content) => {
    const [name, parameters] = jcalOf(content);
    return { name, line: content.line, parameters, value: /^[^:;]*(?:;(?:[^":]|"[^"]*")*)?:(.*)$/s.exec(content.text)?.[1]?.trim() ?? '' };
  });
}

/** A text without its escapes; empty when it is not there. */
export function textOf({ lines }: Component, name: string): string {
  const found = lines.find(({ text }) => new RegExp(`^${name}[;:]`, 'i').test(text));
  return found === undefined ? '' : String(jcalOf(found)[3]);
}

const jcalComponent = ({ name, lines, children }: Component): unknown[] => [name, lines.map(jcalOf), children.map(jcalComponent)];

/** For what ical.js evaluates: the rules of a time zone. */
export const asIcal = (component: Component): ICAL.Component => new ICAL.Component(jcalComponent(component));
