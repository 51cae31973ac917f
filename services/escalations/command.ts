// npm run escalations -- check | dry-run.
import type { DestinationCommand, Finding } from '../destinations/command.ts';
import { messageOf } from '../runtime/errors.ts';
import { consumer } from './consumer.ts';
import { channelsOf } from './destinations/channels.ts';
import { openDry } from './dry-run.ts';
import { escalationsSection, type EscalationsSection } from './section.ts';

export const command: DestinationCommand<EscalationsSection> = {
  consumer: { ...consumer, openDry },
  section: escalationsSection,
  check: ({ section, api, logger }) => Promise.all(channelsOf(section, { api, logger }).map(async ({ name, check }): Promise<Finding> => {
    try {
      return { what: await check(), todo: null };
    } catch (error) {
      return { what: messageOf(error), todo: `look at ${name} in DESTINATIONS_FILE` };
    }
  })),
};
