import { describe, expect, it } from 'vitest';
import { ACCOUNT_LIMITS, grade, isTicking, ofValuation, QUOTE_LIMITS, type Moment } from './freshness';
import { marketNow, waitedMs } from './marketclock';

const moment = (over: Partial<Moment> = {}): Moment => ({ offline: false, nowMs: 1_000_000, speed: 1, ticking: true, ...over });

describe('market time', () => {
  it('runs on between answers at the speed of the server', () => {
    const clock = { anchorMs: 50_000, anchorMonotonicMs: 1_000, speed: 60 };
    expect(marketNow(clock, 1_500)).toBe(80_000);
    expect(marketNow({ ...clock, speed: 0 }, 9_000)).toBe(50_000);
    expect(marketNow(clock, 900)).toBe(50_000);
  });
  it('counts waiting as a person at the screen feels it', () => {
    expect(waitedMs(0, 600_000, 60)).toBe(10_000);
    expect(waitedMs(0, 4_000, 0)).toBe(4_000);
    expect(waitedMs(5_000, 4_000, 1)).toBe(0);
  });
});

describe('freshness', () => {
  it('turns at the limits of the kind of datum', () => {
    const quote = (age: number) => grade(1_000_000 - age, moment(), QUOTE_LIMITS);
    expect([2_999, 3_000, 9_999, 10_000].map(quote)).toEqual(['fresh', 'delayed', 'delayed', 'stale']);
    expect(grade(1_000_000 - 10_000, moment(), ACCOUNT_LIMITS)).toBe('fresh');
  });
  it('does not call a fast clock stale', () => {
    expect(grade(1_000_000 - 60_000, moment({ speed: 60 }), QUOTE_LIMITS)).toBe('fresh');
    expect(grade(1_000_000 - 600_000, moment({ speed: 60 }), QUOTE_LIMITS)).toBe('stale');
  });
  it('is offline before anything else and stale when nothing is known', () => {
    expect(grade(1_000_000, moment({ offline: true }), QUOTE_LIMITS)).toBe('offline');
    expect(grade(null, moment(), QUOTE_LIMITS)).toBe('stale');
  });
  it('does not age prices while no market prints them', () => {
    expect(grade(0, moment({ ticking: isTicking('closed') }), QUOTE_LIMITS)).toBe('fresh');
    expect(isTicking('continuous') && isTicking('always_open')).toBe(true);
  });
  it('of a sum follows its prices', () => {
    expect(ofValuation('fresh', [])).toBe('fresh');
    expect(ofValuation('fresh', ['fresh', 'stale'])).toBe('delayed');
    expect(ofValuation('fresh', ['stale', 'stale'])).toBe('stale');
    expect(ofValuation('offline', ['fresh'])).toBe('offline');
  });
});
