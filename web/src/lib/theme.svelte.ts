// Light, dark or the system's choice; the root carries the result so that style sheets need no script.

import { keep, recall } from './keep';

export type ThemeChoice = 'light' | 'dark' | 'system';
const ORDER: readonly ThemeChoice[] = ['system', 'light', 'dark'];

class Theme {
  choice = $state<ThemeChoice>('system');
  #systemDark = $state(false);
  resolved = $derived(this.choice === 'system' ? (this.#systemDark ? 'dark' : 'light') : this.choice);

  start(): void {
    const stored = recall('theme');
    this.choice = ORDER.find((choice) => choice === stored) ?? 'system';
    const query = matchMedia('(prefers-color-scheme: dark)');
    this.#systemDark = query.matches;
    query.addEventListener('change', (event) => (this.#systemDark = event.matches));
  }

  next(): void {
    this.choice = ORDER[(ORDER.indexOf(this.choice) + 1) % ORDER.length] ?? 'system';
    keep('theme', this.choice);
  }
}

export const theme = new Theme();
