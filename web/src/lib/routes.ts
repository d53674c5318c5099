// Every address of the dashboard; the server answers the same list with its one page (static_files.rs).

import type { MessageKey } from './messages';

export const PAGES = [
  'home',
  'bots',
  'portfolio',
  'orders',
  'chart',
  'lab',
  'jobs',
  'alerts',
  'assistant',
  'settings',
] as const;
export type PageName = (typeof PAGES)[number];

export interface Place {
  page: PageName;
  /** What the address names within the page: a symbol of the chart, a run of the lab. */
  item: string | null;
}

export interface Entry {
  page: PageName;
  path: string;
  title: MessageKey;
  /** Pressed after g. */
  key: string;
}

export const ENTRIES: readonly Entry[] = [
  { page: 'home', path: '/', title: 'nav.home', key: 'o' },
  { page: 'bots', path: '/bots', title: 'nav.bots', key: 'b' },
  { page: 'portfolio', path: '/portfolio', title: 'nav.portfolio', key: 'p' },
  { page: 'orders', path: '/orders', title: 'nav.orders', key: 'r' },
  { page: 'chart', path: '/chart', title: 'nav.chart', key: 'c' },
  { page: 'lab', path: '/lab', title: 'nav.lab', key: 'l' },
  { page: 'jobs', path: '/jobs', title: 'nav.jobs', key: 'j' },
  { page: 'alerts', path: '/alerts', title: 'nav.alerts', key: 'a' },
  { page: 'assistant', path: '/assistant', title: 'nav.assistant', key: 't' },
  { page: 'settings', path: '/settings', title: 'nav.settings', key: 's' },
];

/** Entries of the bottom bar on phones; the rest is behind one more. */
export const ON_PHONES = 4;

const SYMBOL = /^[0-9A-Z]{6}$/;
const RUN = /^[0-9A-Za-z_-]{1,64}$/;

/** The place an address means, or nothing when it is none of ours. */
export function placeOf(path: string): Place | null {
  const parts = path.split('/').filter((part) => part !== '');
  const [first, second, third] = parts;
  if (first === undefined) return { page: 'home', item: null };
  const entry = ENTRIES.find(({ path: own }) => own === `/${first}`);
  if (entry === undefined) return null;
  if (parts.length === 1) return { page: entry.page, item: null };
  if (entry.page === 'chart' && parts.length === 2 && second && SYMBOL.test(second)) return { page: 'chart', item: second };
  if (entry.page === 'lab' && parts.length === 3 && second === 'runs' && third && RUN.test(third)) return { page: 'lab', item: third };
  return null;
}

export const pathOf = (page: PageName): string => ENTRIES.find((entry) => entry.page === page)?.path ?? '/';
export const chartPath = (symbol: string): string => `/chart/${encodeURIComponent(symbol)}`;
export const runPath = (id: string): string => `/lab/runs/${encodeURIComponent(id)}`;
