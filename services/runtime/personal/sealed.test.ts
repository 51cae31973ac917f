import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSealed, newKey, seal, unseal } from './sealed.ts';

const text = fc.string({ unit: 'grapheme' });

describe('a sealed text', () => {
  it('is read with its key, and has nothing of the text in it', () => {
    fc.assert(fc.property(text, (said) => {
      const key = newKey();
      const sealed = seal(said, key, 'here');
      expect(unseal(sealed, key)).toBe(said);
      expect(sealed).toMatch(/^enc:v1:[0-9a-f]{16}:[A-Za-z0-9+/]+=*$/);
      if (said.length > 4) expect(sealed).not.toContain(said);
    }));
  });

  it('is nothing to another key, or when a byte of it is another', () => {
    const key = newKey();
    const sealed = seal('Mira', key, 'here');
    expect(unseal(sealed, newKey())).toBeNull();
    expect(unseal(sealed, { ...newKey(), id: key.id })).toBeNull();
    for (const at of [24, 40, sealed.length - 5]) {
      const letter = sealed[at] === 'A' ? 'B' : 'A';
      expect(unseal(`${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`, key), `letter ${at}`).toBeNull();
    }
    for (const cut of ['', 'enc:v1:', `enc:v1:${key.id}:`, `enc:v1:${key.id}:AAAA`, sealed.slice(0, -8)]) expect(unseal(cut, key), cut).toBeNull();
  });

  it('is the same each time, and another for another text or place', () => {
    const key = newKey();
    expect(seal('a', key, 'here')).toBe(seal('a', key, 'here'));
    const nonces = [seal('a', key, 'here'), seal('b', key, 'here'), seal('a', key, 'there'), seal('a', newKey(), 'here')].map((sealed) => sealed.slice(24, 40));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it('is known by its beginning', () => {
    expect([isSealed(seal('', newKey(), '')), isSealed('enc: a note'), isSealed('')]).toStrictEqual([true, false, false]);
  });
});
