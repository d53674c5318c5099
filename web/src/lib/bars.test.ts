import { describe, expect, it } from 'vitest';
import type { Bar, Mark } from '../api/contract';
import { mergeBars, MOST_BARS, placeMarks } from './bars';

const bar = (t: number, c = 100): Bar => ({ t, o: c, h: c, l: c, c, v: 1 });
const mark = (t: number, side: 'buy' | 'sell' = 'buy', qty = 1): Mark => ({ t, side, qty, price: 100, bot: 'sma' });

describe('bars', () => {
  it('ascend, hold each time once, and take the newer answer', () => {
    const merged = mergeBars([bar(60), bar(120, 1)], [bar(180), bar(120, 2)]);
    expect(merged.map(({ t, c }) => [t, c])).toEqual([
      [60, 100],
      [120, 2],
      [180, 100],
    ]);
  });
  it('drop the oldest when there are too many', () => {
    const many = Array.from({ length: MOST_BARS + 5 }, (_, index) => bar(index * 60));
    const merged = mergeBars([], many);
    expect(merged).toHaveLength(MOST_BARS);
    expect(merged[0]?.t).toBe(300);
  });
});

describe('marks', () => {
  const bars = Array.from({ length: 20 }, (_, index) => bar(index * 60));
  it('sit on the bar that holds them and add up by side', () => {
    const placed = placeMarks(bars, [mark(61, 'buy', 3), mark(119, 'buy', 4), mark(119, 'sell', 2)]);
    expect(placed.map(({ t, side, qty, fills }) => [t, side, qty, fills])).toEqual([
      [60, 'buy', 7, 2],
      [60, 'sell', 2, 1],
    ]);
  });
  it('before the first bar are left out', () => {
    expect(placeMarks([bar(600)], [mark(599)])).toEqual([]);
  });
  it('have words only where they do not print over each other, newest first', () => {
    const placed = placeMarks(bars, [mark(0), mark(600), mark(660)]);
    expect(placed.map(({ worded }) => worded)).toEqual([true, false, true]);
  });
});
