// Real addresses without reloading: links of our own change the place, the back button brings the former one.

import { ENTRIES, placeOf, type Place } from './routes';

const HOME: Place = { page: 'home', item: null };
/** A second key this long after g still counts. */
const CHORD_MS = 1_500;

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

class Router {
  place = $state.raw<Place>(HOME);
  query = $state.raw(new URLSearchParams());
  /** Grows with each change of place by a link, so that the page can move the focus. */
  moves = $state(0);
  #chordUntil = 0;

  start(): () => void {
    this.#read();
    const back = (): void => this.#read();
    const click = (event: MouseEvent): void => this.#click(event);
    const keys = (event: KeyboardEvent): void => this.#keys(event);
    addEventListener('popstate', back);
    document.addEventListener('click', click);
    document.addEventListener('keydown', keys);
    return () => {
      removeEventListener('popstate', back);
      document.removeEventListener('click', click);
      document.removeEventListener('keydown', keys);
    };
  }

  go(href: string): void {
    history.pushState(null, '', href);
    this.#read();
    scrollTo(0, 0);
    this.moves += 1;
  }

  /** Changes the address without a step that the back button would return to. */
  become(href: string): void {
    history.replaceState(null, '', href);
    this.#read();
  }

  #read(): void {
    this.place = placeOf(location.pathname) ?? HOME;
    this.query = new URLSearchParams(location.search);
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.hash && link.pathname === location.pathname) return;
    if (placeOf(link.pathname) === null) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }

  #keys(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
    const key = event.key.toLowerCase();
    if (performance.now() < this.#chordUntil) {
      this.#chordUntil = 0;
      const entry = ENTRIES.find((one) => one.key === key);
      if (entry) this.go(entry.path);
    } else if (key === 'g') this.#chordUntil = performance.now() + CHORD_MS;
  }
}

export const router = new Router();
