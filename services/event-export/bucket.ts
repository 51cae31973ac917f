// An S3-compatible bucket as a place for exports. An object appears when its upload is completed; until then there are only parts,
// which nobody sees. Needed rights: s3:PutObject, s3:GetObject, s3:DeleteObject and s3:AbortMultipartUpload under the prefix; nothing is listed.
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import { RuntimeError } from '../runtime/errors.ts';
import { Digest, digestOf } from './manifest.ts';
import type { BucketPlace } from './section.ts';
import { isThere, SMALL_WITHIN_MS, targetError, type Target } from './target.ts';

/** Held in memory at once, two parts at a time. S3 takes 10,000 parts: 156 GiB a file. */
const PART_BYTES = 16_777_216;
/** The second and third: somebody else writes there at the same moment. */
const notNow = [408, 409, 412, 425, 429];
/** How long a store may take to let us in, and be silent in the middle; of a file as a whole nobody can say. */
const timeLimits = { connectionTimeout: 10_000, socketTimeout: 60_000 };

const soon = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(SMALL_WITHIN_MS) });

const statusOf = (error: unknown): number => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode ?? 0 : 0);

/** What flows by, and whether all of it has. */
class Flow {
  readonly digest = new Digest();
  isWhole = false;

  async *of(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of content) {
      this.digest.add(part);
      yield part;
    }
    this.isWhole = true;
  }
}

class Bucket implements Target {
  readonly name: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ bucket, prefix = '', region = 'us-east-1', endpoint, access_key_id, secret_access_key }: BucketPlace) {
    this.#bucket = bucket;
    this.#prefix = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.name = `s3://${bucket}/${this.#prefix}`;
    this.#client = new S3Client({
      region,
      // Stores other than AWS's know a bucket by its path, and not all of them know the checksums that AWS added in 2024.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }),
      ...(access_key_id === undefined || secret_access_key === undefined ? {} : { credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key } }),
      maxAttempts: 3,
      requestHandler: timeLimits,
    });
  }

  open(path: string): Promise<Readable | null> {
    return this.#told(async () => {
      try {
        const { Body } = await this.#client.send(new GetObjectCommand(this.#place(path)));
        // In Node it is one.
        return Body as Readable;
      } catch (error) {
        if (error instanceof S3ServiceException && statusOf(error) === 404 && error.name !== 'NoSuchBucket') return null;
        throw error;
      }
    });
  }

  write(path: string, content: Readable): Promise<void> {
    return this.#told(async () => {
      const flow = new Flow();
      try {
        await new Upload({ client: this.#client, params: { ...this.#place(path), Body: Readable.from(flow.of(content)), IfNoneMatch: '*' }, partSize: PART_BYTES, queueSize: 1 }).done();
      } catch (error) {
        // When the last answer was lost, its repetition is refused, in each store's own way: the object is there, and no upload in parts any more.
        if (!flow.isWhole || !(await this.#has(path, flow.digest.done().sha256))) throw error;
      }
    });
  }

  async create(path: string, content: string): Promise<boolean> {
    // Not every store knows If-None-Match; where it does, two who write at once can't both succeed.
    const before = await isThere(this, path, content);
    if (before !== null) return before;
    return this.#told(async () => {
      try {
        await this.#client.send(new PutObjectCommand({ ...this.#place(path), Body: content, ContentType: 'application/json', IfNoneMatch: '*' }), soon());
        return true;
      } catch (error) {
        const there = [409, 412].includes(statusOf(error)) ? await isThere(this, path, content) : null;
        if (there === null) throw error;
        return there;
      }
    });
  }

  remove(path: string): Promise<void> {
    return this.#told(async () => {
      await this.#client.send(new DeleteObjectCommand(this.#place(path)), soon());
    });
  }

  close(): void {
    this.#client.destroy();
  }

  async #has(path: string, sha256: string): Promise<boolean> {
    const there = await this.open(path);
    return there !== null && (await digestOf(there)).sha256 === sha256;
  }

  #place(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${path}` };
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      if (!(error instanceof S3ServiceException)) throw targetError(this.name, true, error instanceof Error ? error.name : 'failed', error);
      const { httpStatusCode: status = 503 } = error.$metadata;
      throw targetError(this.name, status >= 500 || notNow.includes(status), `${error.name} (HTTP ${status})`, error);
    }
  }
}

export const openBucket = (place: BucketPlace): Target => new Bucket(place);
