// What was exported, as a chain: each manifest tells its files with their SHA-256, and the SHA-256 of the manifest before. Who
// changes, removes or adds anything in the middle breaks it; who keeps the last one's hash elsewhere sees a missing end, too.
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { RuntimeError } from '../runtime/errors.ts';
import type { Cut } from './cut.ts';
import { formatNames, type FormatName, type ProfileName } from './section.ts';
import { pathStep, readSmall, type Target } from './target.ts';

export interface PlannedFile {
  /** From the chain's own folder. */
  readonly path: string;
  /** day: received on `through`. late: received before `from`, and in the archive only after that day was exported. */
  readonly kind: 'day' | 'late';
  readonly format: FormatName;
  readonly events: number;
}

export interface ExportedFile extends PlannedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** The next step of a chain, written down before its files: whoever goes on after a crash makes the same. */
export interface Plan {
  readonly sequence: number;
  /** First and last UTC day of receipt that it covers; only the last one has events. */
  readonly from: string;
  readonly through: string;
  /** Up to where in the log, by partition. */
  readonly cut: Cut;
  readonly files: readonly PlannedFile[];
}

export interface Manifest extends Omit<Plan, 'files'> {
  readonly format: 1;
  readonly previous_sha256: string | null;
  readonly environment: string;
  readonly integration_id: string;
  readonly profile: ProfileName;
  readonly files: readonly ExportedFile[];
  readonly created_at: string;
}

export interface Chain {
  readonly target: Target;
  readonly environment: string;
  readonly integrationId: string;
  readonly profile: ProfileName;
}

/** The last manifest with the hash of its bytes; null for a chain that has not begun. */
export type Head = { readonly manifest: Manifest; readonly sha256: string } | null;

export const rootOf = ({ integrationId, profile }: Pick<Chain, 'integrationId' | 'profile'>): string => `${pathStep(integrationId)}/${profile}`;
const numbered = (sequence: number): string => String(sequence).padStart(6, '0');
export const manifestPath = (chain: Chain, sequence: number): string => `${rootOf(chain)}/manifests/${numbered(sequence)}.json`;
export const planPath = (chain: Chain, sequence: number): string => `${rootOf(chain)}/manifests/${numbered(sequence)}.plan.json`;
export const filePath = (chain: Chain, { path }: { readonly path: string }): string => `${rootOf(chain)}/${path}`;

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

const text = { type: 'string' };
const day = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' };
const count = { type: 'integer', minimum: 0 };
const hash = { type: 'string', pattern: '^[0-9a-f]{64}$' };
const object = (properties: object) => ({ type: 'object', required: Object.keys(properties), properties });
const plannedFile = {
  // A path that somebody wrote there must not lead elsewhere.
  path: { type: 'string', pattern: '^\\d{4}-\\d\\d/\\d{4}-\\d\\d-\\d\\d(\\.late)?\\.(parquet|ndjson\\.gz)$' },
  kind: { enum: ['day', 'late'] }, format: { enum: formatNames }, events: count,
};
const step = { sequence: { type: 'integer', minimum: 1 }, from: day, through: day, cut: { type: 'object', propertyNames: { pattern: '^\\d+$' }, additionalProperties: count } };
const ajv = new Ajv2020();
const isPlan = ajv.compile<Plan>(object({ ...step, files: { type: 'array', items: object(plannedFile) } }));
const isManifest = ajv.compile<Manifest>(object({
  ...step, format: count, previous_sha256: { anyOf: [hash, { type: 'null' }] }, environment: text, integration_id: text, profile: text, created_at: text,
  files: { type: 'array', items: object({ ...plannedFile, bytes: count, sha256: hash }) },
}));

/** What lies in an export may be anybody's by now. */
function parsed<T extends { readonly sequence: number }>(bytes: Buffer, conforms: ValidateFunction<T>, { path, sequence }: { readonly path: string; readonly sequence: number }): T {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (conforms(value) && value.sequence === sequence) return value;
  } catch {
    // Told below, whatever it is instead.
  }
  throw new RuntimeError('EXPORT_INCONSISTENT', `${path} is not what was written there`);
}

export async function readManifest(chain: Chain, sequence: number): Promise<Head> {
  const path = manifestPath(chain, sequence);
  const bytes = await readSmall(chain.target, path);
  if (bytes === null) return null;
  const manifest = parsed(bytes, isManifest, { path, sequence });
  if ((manifest.format as number) !== 1) throw new RuntimeError('EXPORT_INCONSISTENT', `${path} is of a format that this version of the code does not know`);
  if (manifest.integration_id !== chain.integrationId || manifest.profile !== chain.profile || manifest.environment !== chain.environment) {
    throw new RuntimeError('EXPORT_INCONSISTENT', `${path} is of ${manifest.integration_id}, ${manifest.profile}, ${manifest.environment}: the folder belongs to another chain`);
  }
  return { manifest, sha256: sha256(bytes) };
}

export async function readPlan(chain: Chain, sequence: number): Promise<Plan | null> {
  const path = planPath(chain, sequence);
  const bytes = await readSmall(chain.target, path);
  return bytes === null ? null : parsed(bytes, isPlan, { path, sequence });
}

/** Manifests are numbered without a gap, so the last is found by doubling and halving: some twenty looks for ever, and no listing. */
export async function headOf(chain: Chain): Promise<Head> {
  let low = 0;
  let high = 1;
  let head: Head = null;
  const there = async (sequence: number): Promise<boolean> => {
    const found = await readManifest(chain, sequence);
    if (found !== null) head = found;
    return found !== null;
  };
  while (await there(high)) [low, high] = [high, high * 2];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await there(middle)) low = middle;
    else high = middle;
  }
  return head;
}

/** Bytes and hash of what flows by. */
export class Digest {
  readonly #hash = createHash('sha256');
  bytes = 0;

  add(part: Buffer): void {
    this.#hash.update(part);
    this.bytes += part.length;
  }

  done(): { bytes: number; sha256: string } {
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

export async function digestOf(content: Readable): Promise<{ bytes: number; sha256: string }> {
  const digest = new Digest();
  await pipeline(content, async (parts: AsyncIterable<Buffer>) => {
    for await (const part of parts) digest.add(part);
  });
  return digest.done();
}
