// What the destinations file says of an integration's exports: where to, for whose eyes, in which formats.
import { defineSection } from '../destinations/section.ts';

export const profileNames = ['audit', 'customer'] as const;
export type ProfileName = (typeof profileNames)[number];
export const formatNames = ['parquet', 'ndjson'] as const;
export type FormatName = (typeof formatNames)[number];

export interface FolderPlace {
  readonly folder: string;
}

export interface BucketPlace {
  readonly bucket: string;
  readonly prefix?: string;
  readonly region?: string;
  /** Of another S3-compatible store than AWS's own. */
  readonly endpoint?: string;
  /** Without a key the client's own chain is asked: environment, profile, role of the machine. */
  readonly access_key_id?: string;
  readonly secret_access_key?: string;
}

export interface ExportSection {
  readonly to: FolderPlace | BucketPlace;
  readonly profiles?: readonly ProfileName[];
  readonly formats?: readonly FormatName[];
}

const name = { type: 'string', minLength: 1 };

export const exportSection = defineSection<ExportSection>({
  name: 'event_export',
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['to'],
    properties: {
      to: {
        type: 'object',
        oneOf: [
          { additionalProperties: false, required: ['folder'], properties: { folder: name } },
          {
            additionalProperties: false,
            required: ['bucket'],
            dependentRequired: { access_key_id: ['secret_access_key'], secret_access_key: ['access_key_id'] },
            properties: {
              bucket: name,
              prefix: { type: 'string' },
              region: name,
              endpoint: { type: 'string', pattern: '^https?://' },
              access_key_id: name,
              secret_access_key: { ...name, secret: true },
            },
          },
        ],
      },
      profiles: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: profileNames } },
      formats: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: formatNames } },
    },
  },
});
