// The bars of the symbol on the chart: loaded whole once, then the tail again and again while anyone looks.

import type { BarInterval, BarsAnswer, Bar, Mark, Quote } from '../api/contract';
import { mergeBars } from './bars';
import { dashboard } from './dashboard.svelte';

const WHOLE = 500;
const TAIL = 30;
const EVERY_MS = 1_000;

export class Series {
  bars = $state.raw<Bar[]>([]);
  marks = $state.raw<Mark[]>([]);
  quote = $state.raw<Quote | null>(null);
  state = $state<'loading' | 'error' | 'ready'>('loading');
  /** Grows with each whole load, so that the chart knows when to show the newest bars again. */
  loads = $state(0);

  /** Starts following and returns what stops it. */
  follow(symbol: string, interval: BarInterval): () => void {
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.state = 'loading';
    this.bars = [];
    this.marks = [];
    this.quote = null;
    const path = (limit: number) => `/api/v1/bars/${encodeURIComponent(symbol)}?interval=${interval}&limit=${limit}`;

    const load = async (whole: boolean): Promise<void> => {
      try {
        const answer = await dashboard.client.get<BarsAnswer>(path(whole ? WHOLE : TAIL));
        if (!wanted) return;
        this.#take(answer, whole);
      } catch {
        if (wanted && whole) this.state = 'error';
      }
      if (wanted) timer = setTimeout(next, EVERY_MS);
    };
    const next = (): void => {
      const idle = document.visibilityState === 'hidden' || dashboard.offline;
      if (idle) timer = setTimeout(next, EVERY_MS);
      else void load(this.state !== 'ready');
    };
    void load(true);
    void dashboard.client
      .get<Quote>(`/api/v1/quotes/${encodeURIComponent(symbol)}`)
      .then((quote) => {
        if (!wanted) return;
        this.quote = quote;
        dashboard.learnName(symbol, quote.name);
      })
      .catch(() => undefined);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }

  #take(answer: BarsAnswer, whole: boolean): void {
    const first = answer.bars[0]?.t;
    this.bars = mergeBars(whole ? [] : this.bars, answer.bars);
    // The answer is the whole truth about marks from its first bar on; older ones stay.
    const older = whole || first === undefined ? [] : this.marks.filter((mark) => mark.t < first);
    this.marks = [...older, ...answer.marks.filter((mark) => whole || first === undefined || mark.t >= first)];
    this.state = 'ready';
    if (whole) this.loads += 1;
    dashboard.learnName(answer.symbol, answer.name);
  }
}
