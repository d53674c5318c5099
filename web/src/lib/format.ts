// Figures as people read them: whole won, real minus signs, grouped by three; unknown is a dash and never a nought.

export type Language = 'ko' | 'en';
export type Trend = 'up' | 'down' | 'flat';

export const UNKNOWN = '–';
const MINUS = '−';

/** Groups decimal text without passing through a binary float. */
export function groupDecimal(value: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value);
  if (!match) return UNKNOWN;
  const [, sign, whole = '0', fraction] = match;
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return (sign ? MINUS : '') + grouped + (fraction ? `.${fraction}` : '');
}

export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isSafeInteger(value)) return UNKNOWN;
  return groupDecimal(String(value));
}

const withUnit = (digits: string, language: Language): string => {
  if (digits === UNKNOWN) return UNKNOWN;
  if (language === 'ko') return `${digits}원`;
  return digits.startsWith(MINUS) ? `${MINUS}₩${digits.slice(1)}` : `₩${digits}`;
};

export const won = (value: number | null | undefined, language: Language): string => withUnit(count(value), language);

/** Averages of round prices are round; their noughts after the point would only be noise. */
export const wonDecimal = (value: string, language: Language): string =>
  withUnit(groupDecimal(value.replace(/\.0+$/, '')), language);

export function signedWon(value: number | null | undefined, language: Language): string {
  const plain = won(value, language);
  return typeof value === 'number' && value > 0 && plain !== UNKNOWN ? `+${plain}` : plain;
}

export function signedPercent(part: number, whole: number): string {
  if (!Number.isFinite(part) || !Number.isFinite(whole) || whole === 0) return UNKNOWN;
  const digits = Math.abs((part / whole) * 100).toFixed(2);
  if (Number(digits) === 0) return '0.00%';
  return `${part / whole > 0 ? '+' : MINUS}${digits}%`;
}

/** A part of a whole, unsigned: weights and progress. */
export function percentOf(part: number, whole: number): string {
  if (!Number.isFinite(part) || !Number.isFinite(whole) || whole === 0) return UNKNOWN;
  return `${((part / whole) * 100).toFixed(1)}%`;
}

/** A change that the server already gives in per cent. */
export function changePercent(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : signedPercent(value, 100);
}

export const shares = (value: number | null | undefined, language: Language): string => {
  const digits = count(value);
  return digits === UNKNOWN || language === 'en' ? digits : `${digits}주`;
};

export const trend = (value: number | null | undefined): Trend => (!value ? 'flat' : value > 0 ? 'up' : 'down');

/** Reads a figure a person typed (1,234 or 1234); anything else is refused rather than guessed. */
export function typedCount(text: string): number | null {
  const digits = text.trim();
  if (!/^(\d+|\d{1,3}(,\d{3})+)$/.test(digits)) return null;
  const value = Number(digits.replaceAll(',', ''));
  return Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** Sizes of files, in the units of storage. */
export function bytesText(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
