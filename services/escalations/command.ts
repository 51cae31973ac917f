// npm run escalations -- check | dry-run.
import { lookAt, type DestinationCommand } from '../destinations/command.ts';
import { consumer } from './consumer.ts';
import { channelsOf } from './destinations/channels.ts';
import { openDry } from './dry-run.ts';
import { escalationsSection, type EscalationsSection } from './section.ts';

export const command = {
  consumer: { ...consumer, openDry },
  section: escalationsSection,
  check: ({ section, api, logger }) => Promise.all(channelsOf(section, { api, logger }).map(({ name, check }) => lookAt(name, check))),
} satisfies DestinationCommand<EscalationsSection>;
