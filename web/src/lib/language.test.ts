import { expect, it } from 'vitest';
import { chooseLanguage } from './language';

it('the address beats the stored choice, which beats the browser', () => {
  expect(chooseLanguage('?lang=en', 'ko', ['ko-KR'])).toBe('en');
  expect(chooseLanguage('', 'en', ['ko-KR'])).toBe('en');
  expect(chooseLanguage('', null, ['fr-FR', 'en-GB'])).toBe('en');
});

it('unknown words are passed over and Korean is the last resort', () => {
  expect(chooseLanguage('?lang=xx', 'zz', ['fr-FR'])).toBe('ko');
  expect(chooseLanguage('', null, [])).toBe('ko');
});
