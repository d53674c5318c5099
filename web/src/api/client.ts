// One place that talks HTTP: language and token headers, idempotency keys, and problem bodies turned into one error.

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
  language: () => string;
}

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

/** Unique per confirmed intent, so that a repeated click or retry can never become a second order. */
export function idempotencyKey(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function makeClient(session: Session) {
  async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
    const headers: Record<string, string> = { 'Accept-Language': session.language() };
    if (method !== 'GET') {
      const token = session.token();
      if (token) headers.Authorization = `Bearer ${token}`;
      headers['Idempotency-Key'] = key ?? idempotencyKey();
    }
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const init: RequestInit = { method, headers, cache: 'no-store', credentials: 'same-origin' };
    if (body !== undefined) init.body = JSON.stringify(body);
    // Without a limit a hung server would leave the kill switch waiting in silence.
    init.signal = AbortSignal.timeout(10_000);
    const response = await fetch(path, init).catch((cause: unknown) => {
      throw new ApiProblem(0, 'unreachable', cause instanceof Error ? cause.message : '', 'unreachable', '');
    });
    if (!response.ok) throw await problemOf(response);
    return (await response.json().catch(() => {
      throw new ApiProblem(0, 'unreadable', '', 'unreadable', '');
    })) as T;
  }
  return {
    get: <T>(path: string) => call<T>('GET', path),
    post: <T>(path: string, body: unknown, key?: string) => call<T>('POST', path, body, key),
    remove: <T>(path: string, key?: string) => call<T>('DELETE', path, undefined, key),
  };
}

export type Client = ReturnType<typeof makeClient>;
