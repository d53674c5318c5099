// Freshness belongs to each datum and comes from its own source time, never from the socket being open.

import type { SessionPart } from '../api/contract';
import { waitedMs } from './marketclock';

export type Freshness = 'fresh' | 'delayed' | 'stale' | 'offline';

export interface Limits {
  delayedMs: number;
  staleMs: number;
}

/** A sum of prices is in doubt with one old price and as old as its parts when all of them are. */
export function ofValuation(account: Freshness, prices: readonly Freshness[]): Freshness {
  if (account === 'offline' || account === 'stale' || prices.length === 0) return account;
  const old = prices.filter((price) => price === 'stale' || price === 'offline').length;
  if (old === prices.length) return 'stale';
  return old > 0 ? 'delayed' : account;
}

export const QUOTE_LIMITS: Limits = { delayedMs: 3_000, staleMs: 10_000 };
export const ACCOUNT_LIMITS: Limits = { delayedMs: 30_000, staleMs: 120_000 };

/** Outside these parts no trade prints, so an old price is simply the last one. */
export const isTicking = (part: SessionPart | undefined): boolean => part === 'continuous' || part === 'always_open';

export interface Moment {
  offline: boolean;
  nowMs: number;
  speed: number;
  ticking: boolean;
}

export function grade(sourceMs: number | null, moment: Moment, limits: Limits): Freshness {
  if (moment.offline) return 'offline';
  if (sourceMs === null) return 'stale';
  if (!moment.ticking) return 'fresh';
  const waited = waitedMs(sourceMs, moment.nowMs, moment.speed);
  if (waited >= limits.staleMs) return 'stale';
  return waited >= limits.delayedMs ? 'delayed' : 'fresh';
}
