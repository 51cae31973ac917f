// What a destination has in DESTINATIONS_FILE: its section of an integration, described by a JSON Schema of the service's own.
// A property with `secret: true` may be in a file instead: `token_file` for `token`; who uses the section sees `token` only.

/** All that the file may have for an integration; a service reads its own and leaves the others to theirs. */
export const sectionNames = ['trello', 'escalations', 'message_rules', 'zendesk', 'event_export'] as const;
export type SectionName = (typeof sectionNames)[number];

export interface Section<T> {
  readonly name: SectionName;
  /** JSON Schema, draft 2020-12. */
  readonly schema: object;
  /** What no schema sees, each with its place in the section first: `/routes/0 sends to nobody`. */
  readonly problems?: (value: T) => readonly string[];
}

export const defineSection = <T>(section: Section<T>): Section<T> => section;

type Node = Readonly<Record<string, unknown>>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

/** Names of properties that the schema marks as secret, wherever they are in it. */
export function secretNames(schema: unknown): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (!isNode(node)) return;
    const { properties } = node;
    if (isNode(properties)) for (const [name, property] of Object.entries(properties)) if (isNode(property) && property['secret'] === true) names.add(name);
    for (const child of Object.values(node)) visit(child);
  };
  visit(schema);
  return names;
}

/** The secrets in a section: what must be in no log line and no error. */
export function secretsOf<T>({ schema }: Section<T>, value: T): string[] {
  const names = secretNames(schema);
  const texts = (node: unknown): string[] => (typeof node === 'string' ? [node] : isNode(node) ? Object.values(node).flatMap(texts) : []);
  const visit = (node: unknown): string[] => (isNode(node) ? Object.entries(node).flatMap(([name, child]) => (names.has(name) ? texts(child) : visit(child))) : []);
  return [...new Set(visit(value))].filter((secret) => secret !== '');
}
