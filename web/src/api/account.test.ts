import { expect, it } from 'vitest';
import { keepAccount, keptAccount } from './account';
import { ofAccount } from './client';

it('an address names the account that is shown, and nothing when that is the first', () => {
  expect(ofAccount('/api/v1/orders', null)).toBe('/api/v1/orders');
  expect(ofAccount('/api/v1/orders', 'second')).toBe('/api/v1/orders?account=second');
  expect(ofAccount('/api/v1/orders?open=true', 'a b')).toBe('/api/v1/orders?open=true&account=a%20b');
});

it('an address that is about all accounts stays so', () => {
  expect(ofAccount('/api/v1/halt?account=', 'second')).toBe('/api/v1/halt?account=');
});

it('the choice is kept for the tab, and the first account is no choice', () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  keepAccount(storage, 'second');
  expect(keptAccount(storage)).toBe('second');
  keepAccount(storage, null);
  expect(keptAccount(storage)).toBeNull();
});
