import { expect, it } from 'vitest';
import { initialsOf, matches } from './search';

// Letters by number: Korean words stand in the message tables alone.
const SAMSUNG = String.fromCodePoint(0xc0bc, 0xc131, 0xc804, 0xc790);
const INITIALS = String.fromCodePoint(0x3145, 0x3145, 0x3148, 0x3148);

it('a name is found by its initial consonants', () => {
  expect(initialsOf(SAMSUNG)).toBe(INITIALS);
  expect(matches(INITIALS, SAMSUNG, '005930')).toBe(true);
  expect(matches(INITIALS.slice(0, 2), SAMSUNG, '005930')).toBe(true);
});

it('by part of the name and of the code, whatever the case and the spaces', () => {
  expect(matches('0059', SAMSUNG, '005930')).toBe(true);
  expect(matches('kb fin', 'KB Financial', '105560')).toBe(true);
  expect(matches('', SAMSUNG, '005930')).toBe(true);
  expect(matches('zzz', SAMSUNG, '005930')).toBe(false);
});
