// What the escalations of the log would send, and where: every request is printed instead of sent.
import type { Destination } from '../destinations/consumer.ts';
import { watchDestinations } from '../destinations/file.ts';
import { dryRun } from '../destinations/http.ts';
import { secretsOf } from '../destinations/section.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Alert } from './alert.ts';
import { channelsOf } from './destinations/channels.ts';
import { unknownOutcome } from './outcome.ts';
import { routeOf } from './routes.ts';
import { escalationsSection, type EscalationsSection } from './section.ts';

type Print = (line: string) => void;

async function show(alert: Alert, section: EscalationsSection, { logger, print }: { logger: Logger; print: Print }): Promise<void> {
  const secrets = secretsOf(escalationsSection, section);
  const tracked = { alert, outcome: unknownOutcome, askedAt: 0, knownAt: 0, sent: new Map<string, never>() };
  for (const channel of channelsOf(section, { logger, api: (options) => dryRun({ ...options, secrets }, print) })) {
    const matched = routeOf(section, channel.name, { alert, queueId: null, at: Date.now() });
    if (matched === null) continue;
    print(`  ${channel.name}${matched.isOpen ? '' : ', held back now by its hours or a silence'}`);
    await channel.send({ step: 'fired', tracked: [tracked], now: Date.now(), signal: new AbortController().signal, mayBeRepeated: false });
  }
}

export const openDry: Destination['openDry'] = async ({ DESTINATIONS_FILE: path }, logger, print) => {
  const destinations = await watchDestinations(String(path), escalationsSection, logger);
  const found = async (alert: Alert): Promise<void> => {
    const section = destinations.find(alert.integrationId);
    if (section !== undefined) await show(alert, section, { logger, print });
  };
  return { tools: { destinations, found }, close: () => destinations.close() };
};
