// Turns equity points into a line in a fixed box; spacing is by position so that nights leave no gap.

import type { EquityPoint } from '../api/contract';

export const MOST_POINTS = 1_500;

export interface Line {
  path: string;
  area: string;
  startY: number;
  first: number;
  last: number;
  high: number;
  low: number;
}

export function appendPoint(points: EquityPoint[], next: EquityPoint): EquityPoint[] {
  const last = points.at(-1);
  if (last && next.t < last.t) return points;
  const kept = last && next.t === last.t ? points.slice(0, -1) : points;
  return [...kept, next].slice(-MOST_POINTS);
}

export function drawLine(points: EquityPoint[], start: number, width: number, height: number): Line | null {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || points.length < 2) return null;
  let high = start;
  let low = start;
  for (const { equity } of points) {
    if (equity > high) high = equity;
    if (equity < low) low = equity;
  }
  const span = high - low || 1;
  const y = (value: number): number => Math.round((1 - (value - low) / span) * height * 100) / 100;
  const step = width / (points.length - 1);
  const path = points
    .map(({ equity }, index) => `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(2)} ${y(equity)}`)
    .join('');
  const startY = y(start);
  return { path, area: `${path}L${width} ${startY}L0 ${startY}Z`, startY, first: first.equity, last: last.equity, high, low };
}
