// Looks texts up; both tables are complete by type, so no key can ever be shown raw.

import type { Language } from './format';
import { en } from './messages/en';
import { ko, type MessageKey } from './messages/ko';

export type { MessageKey };
export type Params = Record<string, string | number>;

const TABLES: Record<Language, Record<MessageKey, string>> = { ko, en };

export function translate(language: Language, key: MessageKey, params: Params = {}): string {
  return TABLES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
