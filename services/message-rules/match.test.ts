import { expect, test } from 'vitest';
import { compile } from './match.ts';
import type { Conditions } from './section.ts';

const matched = (words: readonly string[], text: string): string | null => compile({ words }).inText(text);

test('words are whole, phrases go over marks and lines, case and forms of a letter make no difference', () => {
  expect(matched(['refund'], 'I want a REFUND!')).toBe('refund');
  expect(matched(['refund'], 'refunded')).toBeNull();
  expect(matched(['money back'], 'My money,\n back please')).toBe('money back');
  expect(matched(['straße', 'ﬁx'], 'FIX it')).toBe('ﬁx');
  expect(matched(['возврат'], 'Где мой ВОЗВРАТ?')).toBe('возврат');
  expect(matched(['استرداد'], 'أريد استرداد المبلغ')).toBe('استرداد');
  expect(matched(['退款'], '我要退款谢谢')).toBe('退款');
  expect(matched(['😡'], 'again 😡😡')).toBe('😡');
  expect(matched(['a b'], 'a bc')).toBeNull();
});

test('patterns are of RE2, and no expression and no text makes one take long', () => {
  const { inText } = compile({ patterns: ['order #?\\d{4,}', '(a+)+$', '(x|x?)*y', '(.*)*(.*)*(.*)*z'] });
  expect(inText('my ORDER 12345')).toBe('order #?\\d{4,}');
  // Backtracking would not end on either within the age of the universe.
  expect(inText(`${'a'.repeat(16_000)}!`)).toBeNull();
  expect(inText('x'.repeat(16_000))).toBeNull();
});

test('all conditions must hold, one of each is enough, and what is not known does not hold', () => {
  const { around } = compile({ words: ['x'], languages: ['de', 'pt-BR'], channels: ['direct_message'], queues: ['returns', 'sales'] });
  const at = new Date('2026-03-02T09:00:00Z');
  const full = { language: 'de-AT', channel: 'direct_message', queue: 'sales' };
  expect(around(full, at)).toBe(true);
  expect(around({ ...full, language: 'pt_br' }, at)).toBe(true);
  for (const other of [{ language: 'den' }, { language: 'pt' }, { language: null }, { channel: 'bot_form' }, { queue: null }]) expect(around({ ...full, ...other }, at)).toBe(false);
});

test('hours hold for when a message was written, and may be meant to be outside', () => {
  const office = { time_zone: 'Europe/Berlin', days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', until: '18:00' } satisfies Conditions['hours'];
  const isAround = (hours: Conditions['hours'], at: string): boolean => compile({ words: ['x'], ...(hours === undefined ? {} : { hours }) }).around({ language: null, channel: null, queue: null }, new Date(at));
  expect([isAround(office, '2026-03-27T08:00:00Z'), isAround(office, '2026-03-29T10:00:00Z')]).toStrictEqual([true, false]);
  expect([isAround({ ...office, outside: true }, '2026-03-27T08:00:00Z'), isAround({ ...office, outside: true }, '2026-03-29T10:00:00Z')]).toStrictEqual([false, true]);
});
