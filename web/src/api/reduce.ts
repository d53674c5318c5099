// Pure folding of feed messages into the one picture the page shows; every money figure comes from the server.

import type { Alert, AsOf, Balance, FeedMessage, Fill, Order, OrderState, Position, QuoteTick, Status } from './contract';

export interface Picture {
  lastSeq: number | null;
  /** How many times messages went missing; the owner of the picture fetches anew when it grows. */
  gaps: number;
  status: Status | null;
  balance: Balance | null;
  positions: Position[] | null;
  orders: Order[] | null;
  fills: Fill[] | null;
  quotes: Record<string, QuoteTick>;
  alerts: Alert[] | null;
}

export const EMPTY: Picture = {
  lastSeq: null,
  gaps: 0,
  status: null,
  balance: null,
  positions: null,
  orders: null,
  fills: null,
  quotes: {},
  alerts: null,
};

const KEEP_CLOSED_ORDERS = 100;
const KEEP_FILLS = 200;
const KEEP_ALERTS = 50;
const OPEN: readonly OrderState[] = ['approved', 'sending', 'acked', 'partially_filled', 'ambiguous', 'disputed'];

export const isOpen = (order: Order): boolean => OPEN.includes(order.state);

/** Lists come bare or inside the body of the matching GET route. */
export function listOf<T>(data: unknown, field: string): T[] {
  if (Array.isArray(data)) return data as T[];
  const inner = (data as Record<string, unknown> | null)?.[field];
  return Array.isArray(inner) ? (inner as T[]) : [];
}

const later = (a: string, b: string): number => {
  const difference = BigInt(b) - BigInt(a);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
};

/**
 * Answers and feed messages overtake each other: what shows fewer records than the screen already does is thrown away,
 * or the kill switch would offer to halt what is halted.
 */
export function newest<T extends { as_of: AsOf }>(held: T | null, incoming: T): T {
  if (!held || held.as_of.seq < incoming.as_of.seq) return incoming;
  if (held.as_of.seq > incoming.as_of.seq) return held;
  return BigInt(held.as_of.at_ns) > BigInt(incoming.as_of.at_ns) ? held : incoming;
}

export function mergeOrders(held: Order[], incoming: Order[]): Order[] {
  const byId = new Map(held.map((order) => [order.id, order]));
  for (const order of incoming) {
    const known = byId.get(order.id);
    if (known && BigInt(known.updated_ns) > BigInt(order.updated_ns)) continue;
    byId.set(order.id, order);
  }
  const sorted = [...byId.values()].sort((a, b) => later(a.created_ns, b.created_ns));
  let closed = 0;
  return sorted.filter((order) => isOpen(order) || ++closed <= KEEP_CLOSED_ORDERS);
}

export function mergeFills(held: Fill[], incoming: Fill[]): Fill[] {
  const byId = new Map(held.map((fill) => [fill.id, fill]));
  for (const fill of incoming) byId.set(fill.id, fill);
  return [...byId.values()].sort((a, b) => later(a.at_ns, b.at_ns)).slice(0, KEEP_FILLS);
}

export function mergeAlerts(held: Alert[], incoming: Alert[]): Alert[] {
  const byId = new Map(held.map((alert) => [alert.id, alert]));
  for (const alert of incoming) byId.set(alert.id, alert);
  return [...byId.values()].sort((a, b) => later(a.at_ns, b.at_ns)).slice(0, KEEP_ALERTS);
}

function applySnapshot(picture: Picture, message: FeedMessage): Picture {
  const data = message.data as Record<string, unknown>;
  return {
    ...picture,
    lastSeq: message.seq,
    status: data.status as Status,
    balance: data.balance as Balance,
    positions: listOf<Position>(data.positions, 'positions'),
    // A snapshot is the whole truth about open orders, so nothing held before may survive it.
    orders: mergeOrders([], listOf<Order>(data.orders, 'orders')),
    fills: mergeFills(picture.fills ?? [], listOf<Fill>(data.fills, 'fills')),
  };
}

function applyTopic(picture: Picture, message: FeedMessage): Picture {
  const { data } = message;
  switch (message.topic) {
    case 'status':
      return { ...picture, status: newest(picture.status, data as Status) };
    case 'balance':
      return { ...picture, balance: newest(picture.balance, data as Balance) };
    case 'positions':
      return { ...picture, positions: listOf<Position>(data, 'positions') };
    case 'order':
      return { ...picture, orders: mergeOrders(picture.orders ?? [], [data as Order]) };
    case 'fill':
      return { ...picture, fills: mergeFills(picture.fills ?? [], [data as Fill]) };
    case 'quote': {
      const quote = data as QuoteTick;
      return { ...picture, quotes: { ...picture.quotes, [quote.symbol]: quote } };
    }
    case 'alert':
      return { ...picture, alerts: mergeAlerts(picture.alerts ?? [], [data as Alert]) };
    default:
      return picture;
  }
}

export function apply(picture: Picture, message: FeedMessage): Picture {
  if (message.topic === 'snapshot') return applySnapshot(picture, message);
  const { lastSeq } = picture;
  if (lastSeq === null) return picture;
  if (message.topic === 'heartbeat') {
    // A heartbeat may repeat the last number; a higher one than the next means that something was lost.
    const lost = message.seq > lastSeq + 1;
    return lost || message.seq > lastSeq
      ? { ...picture, lastSeq: message.seq, gaps: picture.gaps + (lost ? 1 : 0) }
      : picture;
  }
  if (message.seq <= lastSeq) return picture;
  const gaps = picture.gaps + (message.seq > lastSeq + 1 ? 1 : 0);
  return { ...applyTopic(picture, message), lastSeq: message.seq, gaps };
}
