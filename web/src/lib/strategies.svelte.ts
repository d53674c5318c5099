// The strategies that the server offers, asked for once and shared by the forms that need them.

import type { Params, Strategy } from '../api/parts';
import { Resource } from './resource.svelte';

export const strategies = new Resource<{ strategies: Strategy[] }>();

export const defaultsOf = (strategy: Strategy | undefined): Params =>
  Object.fromEntries((strategy?.params ?? []).map((param) => [param.name, param.default]));

/** Symbols as a person types them: with commas, spaces or line ends between. */
export const typedSymbols = (text: string): string[] => [...new Set(text.toUpperCase().split(/[\s,]+/).filter((part) => part !== ''))];

export const allSymbols = (symbols: readonly string[]): boolean => symbols.length > 0 && symbols.every((code) => /^[0-9A-Z]{6}$/.test(code));
