import { expect, it } from 'vitest';
import { takeToken } from './token';

function place(hash: string, stored: string | null = null) {
  const shown: string[] = [];
  const kept = new Map<string, string>();
  if (stored !== null) kept.set('fsts.token', stored);
  return {
    shown,
    kept,
    location: { hash, pathname: '/', search: '?lang=en' },
    history: { replaceState: (_data: unknown, _unused: string, url: string) => void shown.push(url) },
    session: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) },
  };
}

it('a token in the fragment is kept for the session and leaves the address', () => {
  const here = place('#token=s3cret%2B&tab=2');
  expect(takeToken(here)).toBe('s3cret+');
  expect(here.shown).toEqual(['/?lang=en#tab=2']);
  expect(here.kept.get('fsts.token')).toBe('s3cret+');
});

it('without a fragment the kept one is used and the address stays', () => {
  const here = place('', 'old');
  expect(takeToken(here)).toBe('old');
  expect(here.shown).toEqual([]);
});

it('an empty token does not replace the kept one', () => {
  expect(takeToken(place('#token=', 'old'))).toBe('old');
});
