// Accepted events whose contract version is missing or not listed: all are counted, and a few are
// told in the log. Senders choose versions, so what is kept and written of them is bounded.
import type { Logger } from '../runtime/logger.ts';
import type { Integration } from '../runtime/integrations-file.ts';
import type { PreparedEvent } from './event/prepare.ts';

export interface UnlistedVersionsOptions {
  readonly logger: Logger;
  readonly onUnlistedVersion: (eventType: string, kind: 'missing' | 'unlisted') => void;
}

/** Versions of one integration that are told, each once. */
const TOLD_PER_INTEGRATION = 10;

export class UnlistedVersions {
  readonly #options: UnlistedVersionsOptions;
  readonly #told = new Map<string, Set<string>>();

  constructor(options: UnlistedVersionsOptions) {
    this.#options = options;
  }

  note({ environment, integration_id }: Integration, { contract, version }: Pick<PreparedEvent, 'contract' | 'version'>): void {
    const { logger, onUnlistedVersion } = this.#options;
    onUnlistedVersion(contract.eventType, version === '' ? 'missing' : 'unlisted');
    const integration = `${environment}/${integration_id}`;
    const told = this.#told.get(integration) ?? new Set();
    if (told.size >= TOLD_PER_INTEGRATION || told.has(version)) return;
    this.#told.set(integration, told.add(version));
    logger.warn({ environment, integration_id, version }, 'contract version is missing or not listed; it validates and is accepted');
  }
}
