import { expect, test } from 'vitest';
import { together, within, type Chunk } from './chunks.ts';

const chunk = (of: number, from: readonly [string, string], to: readonly [string, string]): Chunk =>
  ({ chunk: of, integration_from: from[0], ticket_from: from[1], integration_to: to[0], ticket_to: to[1], tickets: 10 });
const chunks = [chunk(0, ['', ''], ['a', 'T5']), chunk(1, ['a', 'T5'], ['b', "T'1"]), chunk(4, ['b', "T'1"], ['', ''])];

test('a chunk is a range of the key, told column by column', () => {
  expect(chunks.map(within)).toStrictEqual([
    "(integration_id > '' OR (integration_id = '' AND ticket_id >= '')) AND (integration_id < 'a' OR (integration_id = 'a' AND ticket_id < 'T5'))",
    "(integration_id > 'a' OR (integration_id = 'a' AND ticket_id >= 'T5')) AND (integration_id < 'b' OR (integration_id = 'b' AND ticket_id < 'T\\'1'))",
    "(integration_id > 'b' OR (integration_id = 'b' AND ticket_id >= 'T\\'1'))",
  ]);
});

test('neighbours taken together are one range, as long as they are few enough', () => {
  expect(together(chunks, 20)).toStrictEqual([{ ...chunk(0, ['', ''], ['b', "T'1"]), tickets: 20 }, chunks[2]]);
  expect(together(chunks, 5)).toStrictEqual(chunks);
  expect(together([], 5)).toStrictEqual([]);
});
