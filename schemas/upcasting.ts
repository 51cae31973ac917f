// Steps that several event types' upcasters share. All are pure and idempotent: a sender that
// already uses the new spelling under an old version number loses nothing.
import type { Json, JsonObject } from './contract.ts';

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Applies `step` to the object under `key`; anything else there is left for validation to judge. As with all steps, a
 * payload that nothing changes in is returned itself.
 */
export function within(payload: JsonObject, key: string, step: (value: JsonObject) => JsonObject): JsonObject {
  const value = payload[key];
  if (!isObject(value)) return payload;
  const stepped = step(value);
  return stepped === value ? payload : { ...payload, [key]: stepped };
}

/** Renames a field; a value already under the new name wins and the old one stays as an unknown field. */
export function rename(from: string, to: string): (value: JsonObject) => JsonObject {
  return (value) => {
    if (value[from] === undefined || (value[to] !== undefined && value[to] !== null)) return value;
    const { [from]: moved, ...rest } = value;
    return { ...rest, [to]: moved ?? null };
  };
}

/**
 * 1.2 made attachments a list: the single `file_url` and `file_size` become its first item. If the
 * list has that file already, the size goes there, or stays an unknown field beside another size.
 */
export function singleFileToList(content: JsonObject): JsonObject {
  const files = content['files'] ?? [];
  if (typeof content['file_url'] !== 'string' || !Array.isArray(files)) return content;
  const { file_url: url, file_size: size, ...rest } = content;
  const sized = size === undefined ? {} : { file_size: size };
  const listed = files.find((file) => isObject(file) && file['file_url'] === url);
  if (!isObject(listed)) return { ...rest, files: [{ file_url: url, ...sized }, ...files] };
  const known = listed['file_size'] ?? null;
  if (known !== null && size !== undefined && size !== known) return { ...rest, ...sized, files };
  return { ...rest, files: files.map((file) => (file === listed ? { ...listed, ...sized } : file)) };
}

/** A text given as a number becomes text. */
export function numberToText(field: string): (value: JsonObject) => JsonObject {
  return (value) => (typeof value[field] === 'number' ? { ...value, [field]: String(value[field]) } : value);
}
