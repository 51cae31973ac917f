import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hmacUnder } from './hmac.ts';

test("it is node's own, whatever the secret and the text, one after the other", () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.constantFrom('', 'x'.repeat(1_024), 'ü'.repeat(1_024), 'x'.repeat(1_025), 'x'.repeat(64)));
  fc.assert(fc.property(text, fc.array(text, { minLength: 1, maxLength: 4 }), (secret, texts) => {
    const hmac = hmacUnder(secret);
    for (const one of texts) expect(hmac(one)).toBe(createHmac('sha256', secret).update(one).digest('hex'));
  }), { numRuns: 500 });
});
