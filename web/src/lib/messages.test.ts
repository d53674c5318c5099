import { describe, expect, it } from 'vitest';
import { translate } from './messages';
import { en } from './messages/en';
import { ko } from './messages/ko';

const holes = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
const sources = import.meta.glob<string>(['../**/*.svelte', '../**/*.ts', '!../**/*.test.ts', '!./messages/**'], {
  query: '?raw',
  import: 'default',
  eager: true,
});
const code = Object.entries(sources);

describe('messages', () => {
  it('exist in both languages under the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(ko).sort());
  });
  it('are never empty and carry the same holes', () => {
    for (const key of Object.keys(ko) as (keyof typeof ko)[]) {
      expect(ko[key].trim(), key).not.toBe('');
      expect(en[key].trim(), key).not.toBe('');
      expect(holes(en[key]), key).toEqual(holes(ko[key]));
    }
  });
  it('are English in English and hold no Hangul but the name of the other language', () => {
    const korean = Object.entries(en).filter(([key, text]) => /\p{Script=Hangul}/u.test(text) && key !== 'top.language');
    expect(korean).toEqual([]);
  });
  it('fill their holes and leave an unknown one to be seen', () => {
    expect(translate('ko', 'age.seconds', { n: 12 })).toBe('12초 전');
    expect(translate('en', 'age.seconds', { n: 12 })).toBe('12 s ago');
    expect(translate('en', 'age.seconds')).toContain('{n}');
  });
  it('are the only place with Korean words, so nothing is shown in one language alone', () => {
    expect(code.length).toBeGreaterThan(20);
    const found = code.filter(([, text]) => /\p{Script=Hangul}/u.test(text)).map(([path]) => path);
    // Units and weekdays, each with its English form beside it.
    expect(found.sort()).toEqual(['./format.ts', './kst.ts']);
  });
  it('are all used', () => {
    const all = code.map(([, text]) => text).join('\n');
    const built = ['mode.', 'session.', 'order.', 'side.', 'type.', 'bot.', 'fresh.', 'chart.interval.', 'top.theme.', 'orders.kind.', 'bots.asked.', 'jobs.asked.', 'outcome.', 'alerts.kind.', 'run.', 'tool.', 'approval.flag.', 'settings.stream.', 'settings.journal.', 'account.'];
    const unused = Object.keys(ko).filter((key) => !all.includes(`'${key}'`) && !built.some((prefix) => key.startsWith(prefix)));
    expect(unused).toEqual([]);
  });
});
