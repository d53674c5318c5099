// Says in words what went wrong; the server's sentence already comes in the reader's language.

import { ApiProblem } from '../api/client';
import type { MessageKey, Params } from './messages';

type Translate = (key: MessageKey, params?: Params) => string;

export function explain(cause: unknown, t: Translate): string {
  if (!(cause instanceof ApiProblem)) return t('problem.unreachable');
  if (cause.unreachable) return t('problem.unreachable');
  if (['unauthorized', 'sign_in_first'].includes(cause.code)) return t('problem.401');
  const id = cause.requestId ? ` (${t('problem.id', { id: cause.requestId })})` : '';
  return (cause.detail || cause.title || String(cause.status)) + id;
}
