import { expect, it } from 'vitest';
import { appendPoint, drawLine } from './line';

it('a point of the same second replaces, an older one is ignored', () => {
  const points = [{ t: 1, equity: 10 }];
  expect(appendPoint(points, { t: 1, equity: 11 })).toEqual([{ t: 1, equity: 11 }]);
  expect(appendPoint(points, { t: 0, equity: 11 })).toBe(points);
  expect(appendPoint(points, { t: 2, equity: 12 })).toHaveLength(2);
});

it('the line spans the box between the lowest and the highest value, the start included', () => {
  const line = drawLine([{ t: 1, equity: 110 }, { t: 2, equity: 120 }], 100, 1000, 100);
  expect(line).toMatchObject({ high: 120, low: 100, startY: 100, last: 120 });
  expect(line?.path).toBe('M0.00 50L1000.00 0');
});

it('a flat line and a single point do not break', () => {
  expect(drawLine([{ t: 1, equity: 5 }, { t: 2, equity: 5 }], 5, 10, 10)?.path).not.toContain('NaN');
  expect(drawLine([{ t: 1, equity: 5 }], 5, 10, 10)).toBeNull();
});
