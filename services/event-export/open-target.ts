// The place that a section names.
import { openBucket } from './bucket.ts';
import { openFolder } from './folder.ts';
import type { ExportSection } from './section.ts';
import type { Target } from './target.ts';

export const openTarget = (to: ExportSection['to']): Target => ('folder' in to ? openFolder(to.folder) : openBucket(to));
