import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSealed, newKey, opener, seal, sealTogether, unseal } from './sealed.ts';

const text = fc.string({ unit: 'grapheme' });

describe('a sealed text', () => {
  it('is read with its key, and has nothing of the text in it', () => {
    fc.assert(fc.property(text, (said) => {
      const key = newKey();
      const sealed = seal(said, key);
      expect(unseal(sealed, key)).toBe(said);
      expect(sealed).toMatch(/^enc:v1:[0-9a-f]{16}:[A-Za-z0-9+/]+=*$/);
      if (said.length > 4) expect(sealed).not.toContain(said);
    }));
  });

  it('is nothing to another key, or when a byte of it is another', () => {
    const key = newKey();
    const sealed = seal('Mira', key);
    expect(unseal(sealed, newKey())).toBeNull();
    expect(unseal(sealed, { ...newKey(), id: key.id })).toBeNull();
    for (const at of [24, 40, sealed.length - 5]) {
      const letter = sealed[at] === 'A' ? 'B' : 'A';
      expect(unseal(`${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`, key), `letter ${at}`).toBeNull();
    }
    for (const cut of ['', 'enc:v1:', `enc:v1:${key.id}:`, `enc:v1:${key.id}:AAAA`, sealed.slice(0, -8)]) expect(unseal(cut, key), cut).toBeNull();
  });

  it('is another each time, since no nonce comes twice', () => {
    const key = newKey();
    const nonces = Array.from({ length: 5_000 }, () => seal('a', key).slice(24, 40));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it('is known by its beginning', () => {
    expect([isSealed(seal('', newKey())), isSealed('enc: a note'), isSealed('')]).toStrictEqual([true, false, false]);
  });
});

describe('texts that are sealed together', () => {
  it('are read with their key, each in its place, beside those that are sealed alone or not at all', () => {
    fc.assert(fc.property(fc.array(text, { minLength: 2, maxLength: 7 }), (said) => {
      const key = newKey();
      const { sealed, parts } = sealTogether(said, key);
      const open = opener(key, sealed);
      expect(parts.map(open)).toStrictEqual(said);
      expect([open(seal('alone', key)), open('plain')]).toStrictEqual(['alone', 'plain']);
    }));
  });

  it('are nothing without it, or when they were damaged', () => {
    const key = newKey();
    const { sealed, parts } = sealTogether(['Mira', '', '😩'], key);
    for (const [of, together] of [[undefined, sealed], [newKey(), sealed], [key, sealed.slice(0, -8)]] as const) expect(parts.map(opener(of, together))).toStrictEqual([null, null, null]);
  });

  it('are no text that only looks like one, where nothing is sealed together', () => {
    for (const key of [newKey(), undefined]) expect(opener(key, undefined)('enc:v2:0:4')).toBe('enc:v2:0:4');
  });
});
