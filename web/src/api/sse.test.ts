import { expect, it } from 'vitest';
import { makeEventReader } from './sse';

const STREAM = ': hello\r\n\r\nid: 1\nevent: token\ndata: {"text":"a"}\n\nevent: message\ndata: one\ndata: two\n\ndata: bare\n\n';

it('events are the same wherever the text is cut', () => {
  const whole = makeEventReader()(STREAM);
  expect(whole).toEqual([
    { event: 'token', data: '{"text":"a"}' },
    { event: 'message', data: 'one\ntwo' },
    { event: 'message', data: 'bare' },
  ]);
  for (let size = 1; size < STREAM.length; size += 1) {
    const read = makeEventReader();
    const pieces = [];
    for (let at = 0; at < STREAM.length; at += size) pieces.push(...read(STREAM.slice(at, at + size)));
    expect(pieces, `cut every ${size}`).toEqual(whole);
  }
});

it('an event that has not ended is not told', () => {
  expect(makeEventReader()('data: half\n')).toEqual([]);
});
