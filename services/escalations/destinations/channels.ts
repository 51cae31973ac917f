// All destinations of an integration's section.
import type { EscalationsSection } from '../section.ts';
import { alertmanager } from './alertmanager.ts';
import type { Channel, ChannelPlace } from './channel.ts';
import { pagerDuty } from './pagerduty.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook.ts';

export function channelsOf(section: EscalationsSection, place: Omit<ChannelPlace, 'name' | 'section'>): Channel[] {
  const of = <T>(settings: Readonly<Record<string, T>>, make: (one: T, place: ChannelPlace) => Channel): Channel[] =>
    Object.entries(settings).map(([name, one]) => make(one, { ...place, name, section }));
  return [...of(section.pagerduty, pagerDuty), ...of(section.alertmanager, alertmanager), ...of(section.telegram, telegram), ...of(section.webhook, webhook)];
}
