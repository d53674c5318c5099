import { expect, it } from 'vitest';
import { linePoints } from './studies.svelte';

it('draws each instant once, in order, at the seconds that the bars have', () => {
  const points = [
    { t: 120, values: { ma: 2 } },
    { t: 60, values: { ma: 1 } },
    { t: 120, values: { ma: 3 } },
    { t: 180, values: { ma: null } },
  ];
  const answer = { symbol: '005930', name: '', interval: '1m', source: 'lake' as const, points };
  expect(linePoints(answer)).toEqual([
    { t: 60, value: 1 },
    { t: 120, value: 3 },
  ]);
});
