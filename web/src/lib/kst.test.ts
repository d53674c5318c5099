import { describe, expect, it } from 'vitest';
import { chartSeconds, clockText, dayText, isoText, longDay, nsToMs, optionalMs, stampText } from './kst';

const OPEN = Date.UTC(2026, 10, 20, 0, 0, 3);

describe('Korean time', () => {
  it('is nine hours ahead of UTC whatever the browser says', () => {
    expect(clockText(OPEN)).toBe('09:00:03');
    expect(stampText(OPEN)).toBe('2026-11-20 09:00:03');
    expect(isoText(OPEN)).toBe('2026-11-20T09:00:03+09:00');
  });
  it('turns the day at Korean midnight', () => {
    expect(dayText(Date.UTC(2026, 11, 31, 15, 0, 0))).toBe('2027-01-01');
    expect(dayText(Date.UTC(2026, 11, 31, 14, 59, 59))).toBe('2026-12-31');
  });
  it('writes long days as each language does', () => {
    expect(longDay(Date.UTC(2026, 10, 22, 3), 'ko')).toBe('2026. 11. 22. (일)');
    expect(longDay(Date.UTC(2026, 10, 22, 3), 'en')).toBe('Sun 2026-11-22');
  });
  it('reads nanosecond text that does not fit a number', () => {
    expect(nsToMs('1795145448123456789')).toBe(1_795_145_448_123);
    expect(optionalMs(null)).toBeNull();
  });
  it('gives the same stamp back for what the chart was given', () => {
    expect(isoText(chartSeconds(0) * 1000)).toBe('1970-01-01T18:00:00+09:00');
  });
});
