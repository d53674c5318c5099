// The language in force, as reactive state, with the formatting that depends on it.

import { keep, recall } from './keep';
import { chooseLanguage } from './language';
import { signedWon, shares, won, wonDecimal, type Language } from './format';
import { translate, type MessageKey, type Params } from './messages';

class Speech {
  language = $state<Language>('ko');

  start(): void {
    this.language = chooseLanguage(location.search, recall('language'), navigator.languages ?? []);
  }

  switch(): void {
    this.language = this.language === 'ko' ? 'en' : 'ko';
    keep('language', this.language);
  }

  t = (key: MessageKey, params?: Params): string => translate(this.language, key, params);
  won = (value: number | null | undefined): string => won(value, this.language);
  wonText = (value: string): string => wonDecimal(value, this.language);
  delta = (value: number | null | undefined): string => signedWon(value, this.language);
  shares = (value: number | null | undefined): string => shares(value, this.language);

  /** Waiting time in words; the unit changes so that the figure stays short. */
  age(ms: number): string {
    const seconds = Math.floor(ms / 1000);
    if (seconds < 1) return this.t('age.now');
    if (seconds < 60) return this.t('age.seconds', { n: seconds });
    if (seconds < 3600) return this.t('age.minutes', { n: Math.floor(seconds / 60) });
    return this.t('age.hours', { n: Math.floor(seconds / 3600) });
  }
}

export const speech = new Speech();
