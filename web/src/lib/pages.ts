// Each page is a chunk of its own, so that the first view brings only what it shows.

import type { Component } from 'svelte';
import type { PageName } from './routes';

type Loader = () => Promise<{ default: Component }>;

const LOADERS: Record<PageName, Loader> = {
  home: () => import('../pages/Overview.svelte'),
  bots: () => import('../pages/Bots.svelte'),
  portfolio: () => import('../pages/Portfolio.svelte'),
  orders: () => import('../pages/Orders.svelte'),
  chart: () => import('../pages/Chart.svelte'),
  lab: () => import('../pages/Lab.svelte'),
  jobs: () => import('../pages/Jobs.svelte'),
  alerts: () => import('../pages/Alerts.svelte'),
  assistant: () => import('../pages/Assistant.svelte'),
  settings: () => import('../pages/Settings.svelte'),
};

const loaded = new Map<PageName, Promise<Component>>();

export function loadPage(page: PageName): Promise<Component> {
  const known = loaded.get(page);
  if (known) return known;
  const promise = LOADERS[page]().then((module) => module.default);
  loaded.set(page, promise);
  // A lost chunk is asked for again at the next visit.
  promise.catch(() => loaded.delete(page));
  return promise;
}
