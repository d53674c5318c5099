// The shapes the server sends. Money is whole won; `*Ns` style fields are UTC nanoseconds as text because they pass 2^53.

export type Mode = 'paper' | 'live' | 'replay';
export type SessionPart =
  | 'closed'
  | 'pre_open'
  | 'opening_auction'
  | 'continuous'
  | 'closing_auction'
  | 'post_close'
  | 'after_market'
  | 'always_open';
export type Side = 'buy' | 'sell';
export type OrderType = 'limit' | 'market';
export type OrderState =
  | 'approved'
  | 'sending'
  | 'acked'
  | 'partially_filled'
  | 'filled'
  | 'cancelled'
  | 'expired'
  | 'refused'
  | 'ambiguous'
  | 'presumed_not_placed'
  | 'disputed';
export type BotState = 'running' | 'warming_up' | 'paused' | 'stopped' | 'halted';

export interface AsOf {
  seq: number;
  at_ns: string;
  age_ms: number;
}

export interface Reason {
  code: string;
  message: string;
}

export interface Bot {
  id: string;
  strategy: string;
  state: BotState;
  symbols: string[];
}

export interface Frozen {
  symbol: string;
  reason: string;
  since_ns: string;
  next_check_ns: string | null;
}

/** One of the program's accounts, as `/api/v1/accounts` lists it. */
export interface Account {
  key: string;
  account: string;
  is_default: boolean;
  mode: Mode;
  kis_env: 'real' | 'mock';
  state: 'running' | 'ended' | 'failed';
  ready: boolean;
  reasons: Reason[];
  halted: boolean;
  equity: number | null;
  as_of: AsOf | null;
}

export interface Status {
  version: string;
  mode: Mode;
  kis_env: 'real' | 'mock';
  account: string;
  clock: {
    now_ns: string;
    trading_day: string;
    session_part: SessionPart;
    next_open_ns: string | null;
    speed: number;
  };
  ready: boolean;
  reasons: Reason[];
  halted: boolean;
  halt_reason: string | null;
  connection: {
    stream: 'up' | 'down' | 'connecting';
    last_frame_ns: string | null;
    stale_symbols: string[];
    journal: 'ok' | 'slow' | 'failed';
  };
  bots: Bot[];
  frozen: Frozen[];
  as_of: AsOf;
}

export interface Balance {
  as_of: AsOf;
  cash: number;
  reserved_cash: number;
  orderable_cash: number;
  positions_value: number;
  equity: number;
  start_equity: number;
  realized_pnl: number;
  unrealized_pnl: number;
  fees: number;
  taxes: number;
}

export interface Position {
  symbol: string;
  name: string;
  qty: number;
  sellable_qty: number;
  avg_price: string;
  last_price: number | null;
  last_price_ns: string | null;
  value: number;
  unrealized_pnl: number;
  frozen: boolean;
  slices: { bot: string; qty: number }[];
}

export interface Order {
  id: string;
  symbol: string;
  name: string;
  side: Side;
  type: OrderType;
  qty: number;
  price: number | null;
  state: OrderState;
  order_number: string | null;
  filled_qty: number;
  filled_amount: number;
  bot: string;
  reason: string | null;
  created_ns: string;
  updated_ns: string;
}

export interface Fill {
  id: string;
  order_id: string;
  order_number: string | null;
  symbol: string;
  name: string;
  side: Side;
  qty: number;
  price: number;
  amount: number;
  fee: number;
  tax: number;
  bot: string;
  at_ns: string;
}

export interface Alert {
  id: string;
  kind: string;
  message_ko: string;
  message_en: string;
  at_ns: string;
  delivered: boolean;
}

export interface QuoteTick {
  symbol: string;
  last: number;
  bid: number | null;
  ask: number | null;
  volume: number;
  at_ns: string;
}

export interface Quote extends QuoteTick {
  name: string;
  open: number;
  high: number;
  low: number;
  prev_close: number | null;
  change: number | null;
  upper_limit: number | null;
  lower_limit: number | null;
}

export interface Bar {
  t: number;
  o: number;
  h: number;
  l: number;
  c: number;
  v: number;
}

export interface Mark {
  t: number;
  side: Side;
  qty: number;
  price: number;
  bot: string;
}

export type BarInterval = '1m' | '1d';

export interface BarsAnswer {
  symbol: string;
  name: string;
  interval: BarInterval;
  bars: Bar[];
  marks: Mark[];
}

export interface EquityPoint {
  t: number;
  equity: number;
}

export interface FeedMessage {
  seq: number;
  topic: string;
  at_ns: string;
  data: unknown;
}

export interface OrderRequest {
  symbol: string;
  side: Side;
  type: OrderType;
  qty: number;
  price: number | null;
}
