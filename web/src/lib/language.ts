// Which language to speak: the address for one load, then the stored choice, then the browser, then Korean.

import type { Language } from './format';

const known = (value: string | null | undefined): Language | null => (value === 'ko' || value === 'en' ? value : null);

export function chooseLanguage(search: string, stored: string | null, browser: readonly string[]): Language {
  const asked = known(new URLSearchParams(search).get('lang')) ?? known(stored);
  if (asked) return asked;
  for (const tag of browser) {
    const language = known(tag.slice(0, 2).toLowerCase());
    if (language) return language;
  }
  return 'ko';
}
