import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openFeed, pauseMs, SILENCE_MS } from './feed';

class Socket {
  static made: Socket[] = [];
  onclose: (() => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  closed = false;
  constructor(readonly url: string) {
    Socket.made.push(this);
  }
  close(): void {
    this.closed = true;
  }
  say(data: unknown): void {
    this.onmessage?.({ data: typeof data === 'string' ? data : JSON.stringify(data) });
  }
}
const beat = { seq: 1, topic: 'heartbeat', at_ns: '0', data: {} };
const newest = (): Socket => Socket.made.at(-1) as Socket;

beforeEach(() => {
  Socket.made = [];
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('pauses grow from half a second to fifteen and are jittered', () => {
  expect(pauseMs(0, 1)).toBe(500);
  expect(pauseMs(0, 0)).toBe(500);
  expect(pauseMs(3, 0)).toBe(2_000);
  expect(pauseMs(3, 1)).toBe(4_000);
  expect(pauseMs(30, 1)).toBe(15_000);
});

it('a lost socket comes back, and the first message makes it up again', () => {
  const states: string[] = [];
  const heard: string[] = [];
  openFeed('ws://here', { message: ({ topic }) => heard.push(topic), state: (state) => states.push(state) });
  newest().say(beat);
  newest().onclose?.();
  vi.advanceTimersByTime(15_000);
  expect(Socket.made).toHaveLength(2);
  newest().say(beat);
  expect(states).toEqual(['connecting', 'up', 'down', 'connecting', 'up']);
  expect(heard).toEqual(['heartbeat', 'heartbeat']);
});

it('three missed heartbeats mean offline even while the socket stays open', () => {
  const states: string[] = [];
  openFeed('ws://here', { message: () => undefined, state: (state) => states.push(state) });
  const socket = newest();
  socket.say(beat);
  vi.advanceTimersByTime(SILENCE_MS - 1);
  expect(states.at(-1)).toBe('up');
  vi.advanceTimersByTime(1);
  expect(states.at(-1)).toBe('down');
  expect(socket.closed).toBe(true);
});

it('what is not a message is passed over, and a late word of an old socket too', () => {
  const heard: unknown[] = [];
  openFeed('ws://here', { message: (message) => heard.push(message), state: () => undefined });
  const old = newest();
  old.say('no json');
  old.say({ topic: 'fill' });
  old.onclose?.();
  old.say(beat);
  expect(heard).toEqual([]);
});

it('closing ends it for good', () => {
  const close = openFeed('ws://here', { message: () => undefined, state: () => undefined });
  const socket = newest();
  close();
  socket.onclose?.();
  vi.advanceTimersByTime(60_000);
  expect(Socket.made).toHaveLength(1);
});
