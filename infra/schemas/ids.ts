// Puts a schema into a registry under the id that it is to have, and says which one it got.
//
// Confluent's registry takes ids in IMPORT mode. Apicurio (tried with 3.3.3) answers 200 to that
// mode and to the id, and counts up its own; but it gives a schema whose content it has already the
// id of that content, and its import takes contents alone. So the content goes in first, with
// its id, and the subject is then registered as ever, under its compatibility rule. The import
// answers 204 whatever became of its entries, so the id that comes back is what counts.
import { strToU8, zipSync } from 'fflate';
import { RuntimeError } from '../../services/runtime/errors.ts';
import { RESTORED, sameSchema, type SchemaRegistry } from '../../services/runtime/registry/registry.ts';
import { sha256 } from './corpus.ts';

/**
 * For a schema that the log was written with. Apicurio keeps the first id of a content for ever; a
 * property that Avro ignores makes another content of the same schema, with an id of its own.
 * @returns the id it has now; another than `id` when the registry can't be told.
 */
export async function putBack(registry: SchemaRegistry, subject: string, schema: string, id: number): Promise<number> {
  const got = await registerWithId(registry, subject, schema, id);
  if (got === id || !registry.isApicurio) return got;
  return registerWithId(registry, subject, restoredText(schema, id), id);
}

const restoredText = (schema: string, id: number): string => JSON.stringify({ ...(JSON.parse(schema) as object), [RESTORED]: id });

/** @returns the id it got; another than `id` when the registry can't be told, or knows the schema under another. */
export async function registerWithId(registry: SchemaRegistry, subject: string, schema: string, id: number): Promise<number> {
  const there = await registry.schemaById(id);
  if (there !== null && sameSchema(there, schema)) {
    const got = await registry.register(subject, schema);
    return got === id ? id : registry.register(subject, restoredText(schema, id));
  }
  const free = there === null;
  if (registry.isApicurio) {
    if (free) await importContent(registry, schema, id);
    return registry.register(subject, schema);
  }
  const imported = free ? await importSchema(registry, subject, schema, id) : null;
  return imported ?? registry.register(subject, schema);
}

/** Null when the registry has no IMPORT mode; registries refuse it in many ways, and then count up their own ids. */
async function importSchema(registry: SchemaRegistry, subject: string, schema: string, id: number): Promise<number | null> {
  const refusedToNull = (error: unknown): null => {
    if (error instanceof RuntimeError) return null;
    throw error;
  };
  if ((await registry.setMode(subject, 'IMPORT').then(() => true, refusedToNull)) === null) return null;
  try {
    return await registry.registerAsIs(subject, schema, id).catch(refusedToNull);
  } finally {
    await registry.setMode(subject, 'READWRITE');
  }
}

async function importContent(registry: SchemaRegistry, schema: string, id: number): Promise<void> {
  const hash = sha256(schema);
  const files = {
    'manifest.Manifest.json': JSON.stringify({ exportVersion: '3.0', systemName: 'Ticketstream', systemVersion: '3.3.3', systemDescription: '', dbVersion: '109', exportedOn: 0, exportedBy: '' }),
    [`content/${hash}.Content.json`]: JSON.stringify({ contentId: id, canonicalHash: hash, contentHash: hash, artifactType: 'AVRO', contentType: 'application/json', serializedReferences: null }),
    [`content/${hash}.Content.data`]: schema,
  };
  await registry.importArchive(zipSync(Object.fromEntries(Object.entries(files).map(([name, content]) => [name, strToU8(content)]))));
}
