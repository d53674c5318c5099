// One place that talks HTTP: language and rights of the caller, idempotency keys, problem bodies turned into one error.

import { makeEventReader, type ServerEvent } from './sse';

export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly code: string,
    readonly requestId: string,
  ) {
    super(detail || title);
  }

  /** No answer came: nothing is known about what the server did. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

export interface Session {
  token: () => string | null;
  /** Which account is spoken about; the server's first when none is named. */
  account: () => string | null;
  /** What proves that a write with a cookie comes from this page. */
  csrf: () => string | null;
  language: () => string;
  /** Whether somebody has touched the page lately; only then a session stays alive. */
  active: () => boolean;
  /** Told when the server no longer knows the caller. */
  refused: () => void;
}

/** Without a limit a hung server would leave the kill switch waiting in silence. */
const ANSWER_WITHIN_MS = 10_000;
/** Files and chats take longer; a chat has its own end on the server. */
const LONG_MS = 300_000;

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

async function problemOf(response: Response): Promise<ApiProblem> {
  const body: Record<string, unknown> = await response.json().catch(() => ({}));
  return new ApiProblem(
    response.status,
    text(body.title) || response.statusText,
    text(body.detail),
    text(body.code),
    text(body.request_id),
  );
}

/** The address with the account that it is about; one that names an account already keeps it. */
export function ofAccount(path: string, account: string | null): string {
  if (account === null || /[?&]account=/.test(path)) return path;
  return `${path}${path.includes('?') ? '&' : '?'}account=${encodeURIComponent(account)}`;
}

/** Unique per confirmed intent, so that a repeated click or retry can never become a second order. */
export function idempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

interface Asked {
  method: string;
  path: string;
  body?: unknown;
  key?: string | undefined;
  accept?: string;
  signal: AbortSignal;
}

export function makeClient(session: Session) {
  function headersOf({ method, body, key, accept }: Asked): Record<string, string> {
    const headers: Record<string, string> = { 'Accept-Language': session.language() };
    const token = session.token();
    const csrf = session.csrf();
    if (token) headers.Authorization = `Bearer ${token}`;
    else if (csrf && method !== 'GET') headers['X-CSRF-Token'] = csrf;
    if (session.active()) headers['X-User-Active'] = '1';
    if (method !== 'GET') headers['Idempotency-Key'] = key ?? idempotencyKey();
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (accept) headers.Accept = accept;
    return headers;
  }

  async function send(asked: Asked): Promise<Response> {
    const { method, path, body, signal } = asked;
    const init: RequestInit = { method, headers: headersOf(asked), cache: 'no-store', credentials: 'same-origin', signal };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await fetch(ofAccount(path, session.account()), init).catch((cause: unknown) => {
      throw new ApiProblem(0, 'unreachable', cause instanceof Error ? cause.message : '', 'unreachable', '');
    });
    if (response.ok) return response;
    if (response.status === 401) session.refused();
    throw await problemOf(response);
  }

  async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
    const response = await send({ method, path, body, key, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const said = await response.text().catch(() => '');
    try {
      return (said === '' && response.status !== 200 ? {} : JSON.parse(said)) as T;
    } catch {
      throw new ApiProblem(0, 'unreadable', '', 'unreadable', '');
    }
  }

  return {
    get: <T>(path: string) => call<T>('GET', path),
    post: <T>(path: string, body: unknown, key?: string) => call<T>('POST', path, body, key),
    remove: <T>(path: string, key?: string) => call<T>('DELETE', path, undefined, key),
    file: async (path: string): Promise<Blob> => (await send({ method: 'GET', path, signal: AbortSignal.timeout(LONG_MS) })).blob(),
    /** Posts and hears events until the server ends or the signal is given. */
    async stream(path: string, body: unknown, signal: AbortSignal, hear: (event: ServerEvent) => void): Promise<void> {
      const both = AbortSignal.any([signal, AbortSignal.timeout(LONG_MS)]);
      const response = await send({ method: 'POST', path, body, accept: 'text/event-stream', signal: both });
      const type = response.headers.get('content-type') ?? '';
      if (!type.startsWith('text/event-stream') || !response.body) {
        hear({ event: 'answer', data: await response.text() });
        return;
      }
      const read = makeEventReader();
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const event of read(decoder.decode(value, { stream: true }))) hear(event);
      }
    },
  };
}

export type Client = ReturnType<typeof makeClient>;
