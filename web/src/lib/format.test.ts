import { describe, expect, it } from 'vitest';
import { count, groupDecimal, shares, signedPercent, signedWon, trend, typedCount, UNKNOWN, won, wonDecimal } from './format';

describe('won', () => {
  it('groups by three and puts the unit where the language wants it', () => {
    expect(won(1_526_000, 'ko')).toBe('1,526,000원');
    expect(won(1_526_000, 'en')).toBe('₩1,526,000');
    expect(won(0, 'ko')).toBe('0원');
    expect(won(999, 'ko')).toBe('999원');
  });
  it('keeps every digit of the largest safe amount', () => {
    expect(won(Number.MAX_SAFE_INTEGER, 'ko')).toBe('9,007,199,254,740,991원');
  });
  it('shows a dash for what is unknown, broken or not whole', () => {
    for (const value of [null, undefined, Number.NaN, 1.5, 2 ** 53]) expect(won(value, 'ko')).toBe(UNKNOWN);
  });
  it('uses a true minus sign before the unit', () => {
    expect(won(-8_500, 'ko')).toBe('−8,500원');
    expect(won(-8_500, 'en')).toBe('−₩8,500');
  });
});

describe('signed figures', () => {
  it('sign gains and losses and leave nought alone', () => {
    expect(signedWon(1_200, 'ko')).toBe('+1,200원');
    expect(signedWon(1_200, 'en')).toBe('+₩1,200');
    expect(signedWon(-1_200, 'ko')).toBe('−1,200원');
    expect(signedWon(0, 'ko')).toBe('0원');
  });
  it('give percentages two decimals and never a signed nought', () => {
    expect(signedPercent(1_231_549, 100_000_000)).toBe('+1.23%');
    expect(signedPercent(-5, 200)).toBe('−2.50%');
    expect(signedPercent(-1, 1_000_000_000)).toBe('0.00%');
    expect(signedPercent(1, 0)).toBe(UNKNOWN);
  });
  it('name their direction', () => {
    expect([trend(3), trend(-3), trend(0), trend(null)]).toEqual(['up', 'down', 'flat', 'flat']);
  });
});

describe('other figures', () => {
  it('group decimal text without touching its digits', () => {
    expect(groupDecimal('71234.50')).toBe('71,234.50');
    expect(groupDecimal('-1234567.891')).toBe('−1,234,567.891');
    expect(groupDecimal('12e3')).toBe(UNKNOWN);
    expect(wonDecimal('71234.50', 'en')).toBe('₩71,234.50');
  });
  it('count shares with their word in Korean only', () => {
    expect(shares(1_000, 'ko')).toBe('1,000주');
    expect(shares(1_000, 'en')).toBe('1,000');
    expect(count(null)).toBe(UNKNOWN);
  });
});

describe('typed figures', () => {
  it('are read with or without separators', () => {
    expect(typedCount(' 1,234 ')).toBe(1_234);
    expect(typedCount('71400')).toBe(71_400);
  });
  it('are refused rather than guessed', () => {
    for (const text of ['', '0', '-3', '1.5', '1,23', '12a', '1e3', '99999999999999999999']) expect(typedCount(text)).toBeNull();
  });
});
