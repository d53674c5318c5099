// Shapes bars and marks for the chart, which breaks as a whole on one doubled or descending time.

import type { Bar, Mark, Side } from '../api/contract';

export const MOST_BARS = 2_000;

/** Newer answers win for the same time; the result ascends and holds each time once. */
export function mergeBars(held: Bar[], incoming: Bar[]): Bar[] {
  const byTime = new Map(held.map((bar) => [bar.t, bar]));
  for (const bar of incoming) byTime.set(bar.t, bar);
  return [...byTime.values()].sort((a, b) => a.t - b.t).slice(-MOST_BARS);
}

export interface ChartMark {
  t: number;
  side: Side;
  qty: number;
  fills: number;
  /** Words beside the shape only where they have room; crowded ones would print over each other. */
  worded: boolean;
}

/** Bars that a mark's words need to themselves. */
const ROOM = 7;

/** Marks sit on the bar that holds them; several fills of one side in one bar become one mark with a sum. */
export function placeMarks(bars: Bar[], marks: Mark[]): ChartMark[] {
  const placed = new Map<string, ChartMark>();
  for (const mark of marks) {
    const t = barTimeAt(bars, mark.t);
    if (t === null) continue;
    const key = `${t}:${mark.side}`;
    const known = placed.get(key);
    placed.set(key, { t, side: mark.side, qty: (known?.qty ?? 0) + mark.qty, fills: (known?.fills ?? 0) + 1, worded: true });
  }
  const sorted = [...placed.values()].sort((a, b) => a.t - b.t || a.side.localeCompare(b.side));
  return giveRoom(bars, sorted);
}

/** From the newest back, because the newest trades are what people look at first. */
function giveRoom(bars: Bar[], marks: ChartMark[]): ChartMark[] {
  const places = new Map(bars.map((bar, index) => [bar.t, index]));
  let taken = Infinity;
  return marks
    .toReversed()
    .map((mark) => {
      const place = places.get(mark.t) ?? 0;
      const worded = taken - place >= ROOM;
      if (worded) taken = place;
      return { ...mark, worded };
    })
    .reverse();
}

function barTimeAt(bars: Bar[], t: number): number | null {
  let low = 0;
  let high = bars.length - 1;
  let found: number | null = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = bars[middle]?.t ?? Infinity;
    if (at <= t) {
      found = at;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}
