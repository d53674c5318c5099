import { describe, expect, it } from 'vitest';
import type { FeedMessage, Fill, Order, OrderState } from './contract';
import { apply, EMPTY, isOpen, listOf, mergeOrders, type Picture } from './reduce';

const order = (id: string, state: OrderState, updated = '10', created = '1'): Order => ({
  id,
  symbol: '005930',
  name: '삼성전자',
  side: 'buy',
  type: 'limit',
  qty: 10,
  price: 71_000,
  state,
  order_number: '1',
  filled_qty: 0,
  filled_amount: 0,
  bot: 'sma',
  reason: null,
  created_ns: created,
  updated_ns: updated,
});
const fill = (id: string, at: string): Fill => ({
  id,
  order_id: 'o',
  order_number: '1',
  symbol: '005930',
  name: '삼성전자',
  side: 'buy',
  qty: 1,
  price: 71_000,
  amount: 71_000,
  fee: 10,
  tax: 0,
  bot: 'sma',
  at_ns: at,
});
const message = (seq: number, topic: string, data: unknown): FeedMessage => ({ seq, topic, at_ns: '0', data });
const asOf = (seq: number, at_ns = '0') => ({ seq, at_ns, age_ms: 0 });
const snapshot = (seq: number, orders: Order[] = [], fills: Fill[] = []): FeedMessage =>
  message(seq, 'snapshot', {
    status: { halted: false, as_of: asOf(1) },
    balance: { equity: 1, as_of: asOf(1) },
    positions: [],
    orders,
    fills,
  });
const run = (...messages: FeedMessage[]): Picture => messages.reduce(apply, EMPTY);

describe('the feed', () => {
  it('shows nothing before a snapshot', () => {
    expect(run(message(5, 'fill', fill('f1', '1')))).toEqual(EMPTY);
  });
  it('adds deltas to the snapshot', () => {
    const picture = run(
      snapshot(10, [order('a', 'acked')]),
      message(11, 'order', order('a', 'filled', '11')),
      message(12, 'fill', fill('f1', '12')),
      message(13, 'balance', { equity: 2, as_of: asOf(2) }),
      message(14, 'quote', { symbol: '005930', last: 71_100 }),
    );
    expect(picture.orders?.[0]?.state).toBe('filled');
    expect(picture.fills?.map(({ id }) => id)).toEqual(['f1']);
    expect(picture.balance?.equity).toBe(2);
    expect(picture.quotes['005930']?.last).toBe(71_100);
    expect(picture.lastSeq).toBe(14);
    expect(picture.gaps).toBe(0);
  });
  it('never goes back to a state of fewer records or of an earlier moment', () => {
    const halted = { halted: true, as_of: asOf(5, '700') };
    const picture = run(
      snapshot(10),
      message(11, 'status', halted),
      message(12, 'status', { halted: false, as_of: asOf(4, '900') }),
      message(13, 'status', { halted: false, as_of: asOf(5, '600') }),
    );
    expect(picture.status).toEqual(halted);
    expect(apply(picture, message(14, 'status', { halted: false, as_of: asOf(6, '700') })).status?.halted).toBe(false);
    expect(apply(picture, snapshot(1)).status?.halted).toBe(false);
  });
  it('ignores what it has already seen', () => {
    const before = run(snapshot(10), message(11, 'fill', fill('f1', '1')));
    expect(apply(before, message(11, 'fill', fill('f2', '2')))).toBe(before);
    expect(apply(before, message(9, 'fill', fill('f3', '3')))).toBe(before);
  });
  it('counts a gap, applies the message all the same, and counts it once', () => {
    const picture = run(snapshot(10), message(13, 'fill', fill('f1', '1')), message(14, 'fill', fill('f2', '2')));
    expect(picture.gaps).toBe(1);
    expect(picture.fills).toHaveLength(2);
  });
  it('takes a repeated number from a heartbeat but notices a jump', () => {
    const before = run(snapshot(10));
    expect(apply(before, message(10, 'heartbeat', {}))).toBe(before);
    expect(apply(before, message(11, 'heartbeat', {}))).toMatchObject({ lastSeq: 11, gaps: 0 });
    expect(apply(before, message(14, 'heartbeat', {}))).toMatchObject({ lastSeq: 14, gaps: 1 });
  });
  it('starts over from a snapshot, even one with lower numbers after a restart', () => {
    const picture = run(snapshot(900, [order('gone', 'acked')], [fill('f1', '1')]), snapshot(3, [order('new', 'acked')]));
    expect(picture.orders?.map(({ id }) => id)).toEqual(['new']);
    expect(picture.fills?.map(({ id }) => id)).toEqual(['f1']);
    expect(picture.lastSeq).toBe(3);
  });
  it('passes over topics it does not know but keeps their number', () => {
    expect(run(snapshot(1), message(2, 'later', {}))).toMatchObject({ lastSeq: 2, gaps: 0 });
  });
});

describe('orders', () => {
  it('never go back to an older state', () => {
    const merged = mergeOrders([order('a', 'filled', '1795145448000000002')], [order('a', 'acked', '1795145448000000001')]);
    expect(merged[0]?.state).toBe('filled');
  });
  it('come newest first, and open ones are never dropped', () => {
    const closed = Array.from({ length: 150 }, (_, index) => order(`c${index}`, 'filled', '1', String(1000 + index)));
    const merged = mergeOrders(closed, [order('open', 'acked', '1', '1')]);
    expect(merged[0]?.id).toBe('c149');
    expect(merged).toHaveLength(101);
    expect(merged.at(-1)?.id).toBe('open');
  });
  it('with an unknown result count as open', () => {
    expect((['ambiguous', 'disputed', 'sending'] as const).every((state) => isOpen(order('a', state)))).toBe(true);
    expect((['filled', 'refused', 'presumed_not_placed'] as const).some((state) => isOpen(order('a', state)))).toBe(false);
  });
});

it('lists are read bare or inside their body', () => {
  expect(listOf([1], 'x')).toEqual([1]);
  expect(listOf({ x: [2] }, 'x')).toEqual([2]);
  expect(listOf(null, 'x')).toEqual([]);
});
