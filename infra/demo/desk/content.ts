// What a message carries and what a ticket is opened with.
import type { JsonObject } from '../../../schemas/contract.ts';
import type { Random } from '../random.ts';
import type { Desk } from './cast.ts';

function attachment(desk: Desk, random: Random): JsonObject {
  const [kind, suffix] = random.pick([['photo', 'jpg'], ['document', 'pdf'], ['voice', 'ogg'], ['video', 'mp4']] as const);
  const file = (): JsonObject => ({
    file_url: `https://files.example.org/${desk.integrationId}/${random.uuid()}.${suffix}`,
    file_size: random.int(2_000, 9_000_000), file_name: `IMG_${random.int(1, 9999)} (копия).${suffix}`, content_type: kind,
  });
  return { content_type: kind, files: Array.from({ length: random.chance(0.2) ? random.int(2, 4) : 1 }, file) };
}

/** One of the lines as text, as the caption of files, or files alone; now and then as long as Telegram allows. */
export function content(desk: Desk, random: Random, lines: readonly string[]): JsonObject {
  const text = random.chance(0.004) ? random.pick(lines).padEnd(4_096, ' …') : random.pick(lines);
  if (!random.chance(0.08)) return { text, content_type: 'text' };
  return { ...attachment(desk, random), ...(random.chance(0.5) ? { text } : {}) };
}

/** Free-form, as the CRM's forms and links fill it. */
export function metadata(desk: Desk, random: Random): JsonObject | null {
  if (random.chance(0.25)) return null;
  return {
    source_url: `https://${desk.integrationId}.example.org/help?ref=${random.pick(['faq', 'checkout', 'app'])}`,
    ...(random.chance(0.3) ? { campaign_id: random.pick(['spring-sale', 'newsletter-11', 'ramadan']) } : {}),
    custom_fields: { order: [random.int(10_000, 99_999), 1.5, null], vip: random.chance(0.06), 'größe': 'ⅩⅬ' },
  };
}
