// The only file that knows the chart library: candles, volume, marks, price lines and the cursor.

import {
  CandlestickSeries,
  ColorType,
  createChart,
  createSeriesMarkers,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
  type IPriceLine,
  type ISeriesApi,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { Bar } from '../api/contract';
import type { ChartMark } from './bars';
import { chartSeconds, clockText, dayText } from './kst';
import type { StudyLine } from './studies.svelte';

export interface ChartLine {
  price: number;
  title: string;
  faint: boolean;
}

export interface ChartWords {
  mark: (mark: ChartMark) => string;
  locale: string;
}

const STUDY = {
  lineWidth: 1 as const,
  priceLineVisible: false,
  lastValueVisible: false,
  crosshairMarkerVisible: false,
  priceFormat: { type: 'price' as const, precision: 1, minMove: 0.1 },
};

/** Prices set the scale; an average that is far away must not press the candles flat. */
const UNSCALED = { autoscaleInfoProvider: () => null };

const at = (t: number): UTCTimestamp => chartSeconds(t) as UTCTimestamp;
/** Library times are already Korean; taking the shift back lets the one formatter be used. */
const utcMs = (time: number): number => (time - chartSeconds(0)) * 1000;

function colours(host: HTMLElement) {
  const style = getComputedStyle(host);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    up: read('--up'),
    down: read('--down'),
    text: read('--muted'),
    grid: read('--line-faint'),
    upFaint: read('--up-faint'),
    downFaint: read('--down-faint'),
    studies: [1, 2, 3, 4].map((n) => read(`--study-${n}`)),
  };
}

export function candleChart(host: HTMLElement, onCursor: (t: number | null) => void) {
  const chart = createChart(host, {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: 'transparent' },
      fontFamily: getComputedStyle(host).fontFamily,
      // The built-in logo brings its own style element, which a strict policy refuses; the page credits in its footer.
      attributionLogo: false,
    },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, rightOffset: 4 },
    // The wheel belongs to the page; pinch and drag zoom the chart.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
    localization: {
      priceFormatter: (price: number) => Math.round(price).toLocaleString('en-US'),
      timeFormatter: (time: unknown) => `${dayText(utcMs(Number(time)))} ${clockText(utcMs(Number(time))).slice(0, 5)}`,
    },
  });
  const candles = chart.addSeries(CandlestickSeries, { priceFormat: { type: 'price', precision: 0, minMove: 1 } });
  const volume = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  });
  chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
  const markers = createSeriesMarkers(candles, [], { autoScale: true });
  let lines: IPriceLine[] = [];
  const studies = new Map<string, ISeriesApi<'Line'>>();
  let shown: Bar[] = [];
  let palette = colours(host);
  let byKeyboard = false;

  chart.subscribeCrosshairMove((event) => {
    // The library repeats a position set by keyboard with every new price, and snaps it; only a pointer may overrule it.
    if (byKeyboard && event.sourceEvent === undefined) return;
    byKeyboard = false;
    onCursor(event.time === undefined ? null : utcMs(Number(event.time)) / 1000);
  });

  const candleOf = (bar: Bar) => ({ time: at(bar.t), open: bar.o, high: bar.h, low: bar.l, close: bar.c });
  const volumeOf = (bar: Bar) => ({
    time: at(bar.t),
    value: bar.v,
    color: bar.c >= bar.o ? palette.upFaint : palette.downFaint,
  });

  /** Only the tail changed: cheap updates keep the view where the reader left it. */
  function continues(next: Bar[]): boolean {
    return shown.length > 0 && next.length >= shown.length && next[0]?.t === shown[0]?.t && next[shown.length - 1]?.t === shown.at(-1)?.t;
  }

  return {
    bars(next: Bar[], fresh: boolean): void {
      if (!fresh && continues(next)) {
        for (const bar of next.slice(shown.length - 1)) {
          candles.update(candleOf(bar));
          volume.update(volumeOf(bar));
        }
      } else {
        candles.setData(next.map(candleOf));
        volume.setData(next.map(volumeOf));
      }
      shown = next;
      if (fresh) {
        const room = Math.max(30, Math.floor(host.clientWidth / 8));
        chart.timeScale().setVisibleLogicalRange({ from: Math.max(-2, next.length - room), to: next.length + 3 });
      }
    },
    marks(next: ChartMark[], words: ChartWords): void {
      markers.setMarkers(
        next.map((mark) => ({
          time: at(mark.t),
          position: mark.side === 'buy' ? ('belowBar' as const) : ('aboveBar' as const),
          shape: mark.side === 'buy' ? ('arrowUp' as const) : ('arrowDown' as const),
          color: mark.side === 'buy' ? palette.up : palette.down,
          text: mark.worded ? words.mark(mark) : '',
        })),
      );
      chart.applyOptions({ localization: { locale: words.locale } });
    },
    lines(next: ChartLine[]): void {
      for (const line of lines) candles.removePriceLine(line);
      lines = next.map((line) =>
        candles.createPriceLine({
          price: line.price,
          title: line.title,
          color: line.faint ? palette.grid : palette.text,
          lineWidth: 1,
          lineStyle: line.faint ? LineStyle.Dotted : LineStyle.Dashed,
          axisLabelVisible: false,
        }),
      );
    },
    studies(next: StudyLine[]): void {
      for (const [id, series] of studies) {
        if (next.some((line) => line.id === id)) continue;
        chart.removeSeries(series);
        studies.delete(id);
      }
      for (const line of next) {
        const series = studies.get(line.id) ?? chart.addSeries(LineSeries, line.pane === 0 ? { ...STUDY, ...UNSCALED } : STUDY, line.pane);
        studies.set(line.id, series);
        series.applyOptions({ color: palette.studies[line.colour - 1] ?? palette.text });
        series.setData(line.points.map(({ t, value }) => ({ time: at(t), value })));
      }
      // The candles keep most of the height, however many panes there are.
      chart.panes().forEach((pane, index) => pane.setStretchFactor(index === 0 ? 4 : 1));
    },
    /** Puts the cursor on a bar and brings that bar into view. */
    point(bar: Bar, index: number): void {
      byKeyboard = true;
      const view = chart.timeScale().getVisibleLogicalRange();
      if (view && (index < view.from || index > view.to)) {
        const shift = index < view.from ? index - 2 - view.from : index + 2 - view.to;
        chart.timeScale().setVisibleLogicalRange({ from: view.from + shift, to: view.to + shift });
      }
      chart.setCrosshairPosition(bar.c, at(bar.t), candles);
    },
    daily(on: boolean): void {
      chart.timeScale().applyOptions({ timeVisible: !on });
    },
    paint(): void {
      palette = colours(host);
      chart.applyOptions({
        layout: { textColor: palette.text },
        grid: { vertLines: { color: palette.grid }, horzLines: { color: palette.grid } },
      });
      candles.applyOptions({
        upColor: palette.up,
        downColor: palette.down,
        borderUpColor: palette.up,
        borderDownColor: palette.down,
        wickUpColor: palette.up,
        wickDownColor: palette.down,
      });
      volume.setData(shown.map(volumeOf));
    },
    remove: (): void => chart.remove(),
  };
}

export type CandleChart = ReturnType<typeof candleChart>;
