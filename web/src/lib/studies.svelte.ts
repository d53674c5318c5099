// Lines beside the candles: moving averages over them, RSI in a pane below. The server computes; the page only draws.

import { ApiProblem } from '../api/client';
import type { BarInterval } from '../api/contract';
import type { IndicatorAnswer } from '../api/parts';
import { dashboard } from './dashboard.svelte';

export interface Study {
  id: string;
  /** How it is called on a button; figures and the usual abbreviations of the field. */
  label: string;
  path: string;
  pane: 0 | 1;
  /** Which of the theme's line colours. */
  colour: 1 | 2 | 3 | 4;
}

export interface StudyLine extends Study {
  points: { t: number; value: number }[];
}

const EVERY_MS = 10_000;
const OFF = [404, 501, 503];

const average = (period: number, colour: 1 | 2 | 3): Study => ({
  id: `ma${period}`,
  label: `MA ${period}`,
  path: `ma?period=${period}`,
  pane: 0,
  colour,
});

export const STUDIES: readonly Study[] = [
  average(5, 1),
  average(20, 2),
  average(60, 3),
  { id: 'rsi14', label: 'RSI 14', path: 'rsi?period=14', pane: 1, colour: 4 },
];

/** Ascending and each time once, or the chart breaks as a whole; values of the warm-up are absent. */
export function linePoints(answer: IndicatorAnswer): { t: number; value: number }[] {
  const byTime = new Map<number, number>();
  for (const { t, values } of answer.points) {
    const value = Object.values(values).find((one) => typeof one === 'number');
    if (value !== undefined && value !== null) byTime.set(t, value);
  }
  return [...byTime.entries()].map(([t, value]) => ({ t, value })).sort((a, b) => a.t - b.t);
}

export class Studies {
  chosen = $state.raw<ReadonlySet<string>>(new Set(['ma5', 'ma20', 'rsi14']));
  lines = $state.raw<StudyLine[]>([]);
  state = $state<'loading' | 'fresh' | 'off' | 'error'>('loading');

  toggle(id: string): void {
    const next = new Set(this.chosen);
    if (!next.delete(id)) next.add(id);
    this.chosen = next;
  }

  follow(symbol: string, interval: BarInterval): () => void {
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.lines = [];
    this.state = 'loading';
    const asked = STUDIES.filter((study) => this.chosen.has(study.id));
    const tail = `&symbol=${encodeURIComponent(symbol)}&interval=${interval === '1d' ? 'day' : 'minute'}`;
    const one = async (study: Study): Promise<StudyLine> => {
      const answer = await dashboard.client.get<IndicatorAnswer>(`/api/v1/indicator/${study.path}${tail}`);
      return { ...study, points: linePoints(answer) };
    };
    const round = async (): Promise<void> => {
      try {
        const lines = await Promise.all(asked.map(one));
        if (!wanted) return;
        this.lines = lines;
        this.state = 'fresh';
      } catch (cause) {
        if (!wanted) return;
        this.state = cause instanceof ApiProblem && OFF.includes(cause.status) ? 'off' : 'error';
      }
      timer = setTimeout(round, EVERY_MS);
    };
    void round();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }
}
