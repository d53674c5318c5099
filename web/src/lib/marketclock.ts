// Market time between two answers of the server. The demo's clock runs fast, so the browser's own clock decides nothing.

export interface MarketClock {
  anchorMs: number;
  anchorMonotonicMs: number;
  speed: number;
}

export function marketNow(clock: MarketClock, monotonicMs: number): number {
  const passed = Math.max(0, monotonicMs - clock.anchorMonotonicMs);
  return clock.anchorMs + passed * Math.max(0, clock.speed);
}

/** How long a person at the screen has waited for this datum; a fast clock makes market ages look long. */
export function waitedMs(sourceMs: number, nowMs: number, speed: number): number {
  return Math.max(0, nowMs - sourceMs) / Math.max(1, speed);
}
