// Korean time whatever the browser's zone says; Korea keeps one offset all year, so plain arithmetic is exact.

import type { Language } from './format';

const OFFSET_MS = 9 * 3600 * 1000;
const two = (value: number): string => String(value).padStart(2, '0');
const shifted = (ms: number): Date => new Date(ms + OFFSET_MS);

export function nsToMs(ns: string): number {
  return Number(BigInt(ns) / 1_000_000n);
}

export function optionalMs(ns: string | null | undefined): number | null {
  return ns === null || ns === undefined ? null : nsToMs(ns);
}

export function clockText(ms: number): string {
  const date = shifted(ms);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

export function dayText(ms: number): string {
  const date = shifted(ms);
  return `${date.getUTCFullYear()}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

export const stampText = (ms: number): string => `${dayText(ms)} ${clockText(ms)}`;

export const isoText = (ms: number): string => `${dayText(ms)}T${clockText(ms)}+09:00`;

const WEEKDAYS: Record<Language, readonly string[]> = {
  ko: ['일', '월', '화', '수', '목', '금', '토'],
  en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
};

export function longDay(ms: number, language: Language): string {
  const date = shifted(ms);
  const weekday = WEEKDAYS[language][date.getUTCDay()] ?? '';
  if (language === 'en') return `${weekday} ${dayText(ms)}`;
  return `${date.getUTCFullYear()}. ${date.getUTCMonth() + 1}. ${date.getUTCDate()}. (${weekday})`;
}

/** The chart library knows no zones: this is the one place where its seconds are moved to Korean time. */
export const chartSeconds = (utcSeconds: number): number => utcSeconds + OFFSET_MS / 1000;
