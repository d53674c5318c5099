// The one stream of a tab: connects, watches the heartbeat, and comes back with growing, jittered pauses.

import type { FeedMessage } from './contract';

export type FeedState = 'connecting' | 'up' | 'down';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The server beats every 5 s; three missed beats mean that nobody is there. */
export const SILENCE_MS = 15_000;

export function pauseMs(attempt: number, random: number): number {
  const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return Math.max(FIRST_PAUSE_MS, Math.round(ceiling * (0.5 + random / 2)));
}

export interface FeedHandlers {
  message: (message: FeedMessage) => void;
  state: (state: FeedState, retryInMs: number | null) => void;
}

function parse(data: unknown): FeedMessage | null {
  try {
    const value = JSON.parse(String(data)) as FeedMessage;
    return typeof value.seq === 'number' && typeof value.topic === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** What the server answers with; the second protocol that is offered carries the token, which no address may. */
const PROTOCOL = 'fsts.feed';

export function openFeed(url: string, handlers: FeedHandlers, bearer: string | null = null): () => void {
  let socket: WebSocket | null = null;
  let attempt = 0;
  let closed = false;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  function lost(from: WebSocket): void {
    if (socket !== from) return;
    socket = null;
    clearTimeout(silence);
    from.close();
    if (closed) return;
    const pause = pauseMs(attempt++, Math.random());
    handlers.state('down', pause);
    retry = setTimeout(connect, pause);
  }

  function heard(from: WebSocket): void {
    clearTimeout(silence);
    silence = setTimeout(() => lost(from), SILENCE_MS);
  }

  function connect(): void {
    handlers.state('connecting', null);
    const next = bearer === null ? new WebSocket(url) : new WebSocket(url, [PROTOCOL, `bearer.${bearer}`]);
    let speaking = false;
    socket = next;
    heard(next);
    next.onclose = () => lost(next);
    next.onerror = () => lost(next);
    next.onmessage = (event) => {
      if (socket !== next) return;
      heard(next);
      const message = parse(event.data);
      if (!message) return;
      if (!speaking) {
        speaking = true;
        attempt = 0;
        handlers.state('up', null);
      }
      handlers.message(message);
    };
  }

  connect();
  return () => {
    closed = true;
    clearTimeout(retry);
    clearTimeout(silence);
    socket?.close();
  };
}
