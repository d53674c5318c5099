// A toy market and account for building the page without the real server. Its numbers mean nothing; its shapes do.

const MINUTE = 60_000;
const NAMES = {
  '005930': '삼성전자',
  '000660': 'SK하이닉스',
  '035420': 'NAVER',
  '005380': '현대차',
  '068270': '셀트리온 <b>"R&D"</b>',
};
const FIRST = { '005930': 71_200, '000660': 183_500, '035420': 204_000, '005380': 241_500, '068270': 176_300 };
const START = Date.UTC(2026, 10, 20, 1, 30);
const START_EQUITY = 100_000_000;

const ns = (ms) => `${Math.floor(ms)}000000`;
const tickSize = (price) => (price < 20_000 ? 10 : price < 50_000 ? 50 : price < 200_000 ? 100 : 500);
const grid = (price) => Math.round(price / tickSize(price)) * tickSize(price);

function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export class Market {
  constructor({ mode = 'paper', speed = 60, seed = 7, empty = false } = {}) {
    Object.assign(this, { mode, speed, empty, rand: random(seed), seq: 0, halted: false, haltReason: null });
    this.now = this.eventAt = START;
    this.part = 'continuous';
    this.frozen = [];
    this.journal = 'ok';
    this.cash = START_EQUITY;
    this.fees = this.taxes = this.realized = 0;
    this.positions = new Map();
    this.orders = [];
    this.fills = [];
    this.alerts = [];
    this.equity = [];
    this.nextId = 1;
    this.symbols = Object.keys(NAMES).map((symbol) => ({ symbol, name: NAMES[symbol], last: FIRST[symbol], bars: [], at: START }));
    if (!empty) for (let i = 0; i < 240; i++) this.advance(MINUTE / 2, () => undefined);
  }

  stock(symbol) {
    return this.symbols.find((stock) => stock.symbol === symbol);
  }

  asOf() {
    return { seq: this.seq, at_ns: ns(this.eventAt), age_ms: 3 };
  }

  advance(ms, emit) {
    this.eventAt = this.now += ms;
    for (const stock of this.symbols) this.trade(stock, emit);
    if (!this.empty && !this.halted && this.rand() < 0.12) this.botActs(emit);
    for (const order of this.orders.filter((o) => o.state === 'acked')) if (this.rand() < 0.02) this.fill(order, emit);
    const at = Math.floor(this.now / 1000);
    this.equity = [...this.equity, { t: at, equity: this.balance().equity }].slice(-1000);
    emit('balance', this.balance());
    emit('positions', this.positionList());
  }

  trade(stock, emit) {
    const drift = (this.rand() - 0.495) * 0.0022;
    stock.last = grid(stock.last * (1 + drift));
    stock.at = this.now;
    const t = Math.floor(this.now / MINUTE) * 60;
    const volume = Math.floor(this.rand() * 900) + 20;
    const bar = stock.bars.at(-1);
    if (bar?.t === t) {
      Object.assign(bar, { h: Math.max(bar.h, stock.last), l: Math.min(bar.l, stock.last), c: stock.last, v: bar.v + volume });
    } else {
      const o = bar?.c ?? stock.last;
      stock.bars.push({ t, o, h: Math.max(o, stock.last), l: Math.min(o, stock.last), c: stock.last, v: volume });
    }
    emit('quote', this.tick(stock));
  }

  tick(stock) {
    const step = tickSize(stock.last);
    const volume = stock.bars.reduce((sum, bar) => sum + bar.v, 0);
    return { symbol: stock.symbol, last: stock.last, bid: stock.last - step, ask: stock.last, volume, at_ns: ns(stock.at) };
  }

  quote(stock) {
    const prev = FIRST[stock.symbol];
    const highs = stock.bars.map((bar) => bar.h);
    const lows = stock.bars.map((bar) => bar.l);
    return {
      ...this.tick(stock),
      name: stock.name,
      open: stock.bars[0]?.o ?? prev,
      high: Math.max(prev, ...highs),
      low: Math.min(prev, ...lows),
      prev_close: prev,
      change: stock.last - prev,
      upper_limit: grid(prev * 1.3),
      lower_limit: grid(prev * 0.7),
    };
  }

  botActs(emit) {
    const stock = this.symbols[Math.floor(this.rand() * this.symbols.length)];
    const held = this.positions.get(stock.symbol)?.qty ?? 0;
    const side = held > 0 && this.rand() < 0.5 ? 'sell' : 'buy';
    const qty = side === 'sell' ? held : 10 + Math.floor(this.rand() * 40);
    const rests = this.rand() < 0.15;
    const bot = this.rand() < 0.5 ? 'sma' : 'rsi';
    const price = rests ? grid(stock.last * (side === 'buy' ? 0.98 : 1.02)) : stock.last;
    const order = this.place({ symbol: stock.symbol, side, type: 'limit', qty, price }, bot, emit);
    if (!rests) this.fill(order, emit);
  }

  place(request, bot, emit) {
    const id = `o-${this.nextId++}`;
    const order = {
      id,
      ...request,
      name: this.stock(request.symbol).name,
      state: 'acked',
      order_number: String(this.nextId).padStart(10, '0'),
      filled_qty: 0,
      filled_amount: 0,
      bot,
      reason: null,
      created_ns: ns(this.now),
      updated_ns: ns(this.now),
    };
    this.orders.unshift(order);
    emit('order', order);
    return order;
  }

  fill(order, emit) {
    const price = order.price ?? this.stock(order.symbol).last;
    const amount = price * order.qty;
    const fee = Math.floor(amount * 0.00015);
    const tax = order.side === 'sell' ? Math.floor(amount * 0.0015) : 0;
    this.book(order, amount, fee, tax);
    Object.assign(order, { state: 'filled', filled_qty: order.qty, filled_amount: amount, updated_ns: ns(this.now) });
    const { id, order_number, symbol, name, side, qty, bot } = order;
    const fill = { id: `f-${id}`, order_id: id, order_number, symbol, name, side, qty, price, amount, fee, tax, bot, at_ns: ns(this.now) };
    this.fills.unshift(fill);
    emit('order', order);
    emit('fill', fill);
    if (this.fills.length % 5 === 1) this.alert('fill', fill, emit);
  }

  alert(kind, fill, emit) {
    const side = fill.side === 'buy' ? ['매수', 'bought'] : ['매도', 'sold'];
    const alert = {
      id: `a-${fill.id}`,
      kind,
      message_ko: `${fill.name} ${fill.qty}주 ${side[0]} 체결, ${fill.price.toLocaleString('en-US')}원`,
      message_en: `${side[1]} ${fill.qty} × ${fill.name} at ₩${fill.price.toLocaleString('en-US')}`,
      at_ns: fill.at_ns,
      delivered: this.alerts.length % 2 === 0,
    };
    this.alerts.unshift(alert);
    emit('alert', alert);
  }

  book(order, amount, fee, tax) {
    const held = this.positions.get(order.symbol) ?? { qty: 0, cost: 0, bot: order.bot };
    this.fees += fee;
    this.taxes += tax;
    if (order.side === 'buy') {
      this.cash -= amount + fee;
      this.positions.set(order.symbol, { qty: held.qty + order.qty, cost: held.cost + amount, bot: order.bot });
      return;
    }
    const sold = Math.min(order.qty, held.qty);
    const cost = held.qty ? Math.floor((held.cost * sold) / held.qty) : 0;
    this.cash += amount - fee - tax;
    this.realized += amount - cost;
    if (held.qty - sold > 0) this.positions.set(order.symbol, { ...held, qty: held.qty - sold, cost: held.cost - cost });
    else this.positions.delete(order.symbol);
  }

  positionList() {
    const positions = [...this.positions].map(([symbol, held]) => {
      const stock = this.stock(symbol);
      return {
        symbol,
        name: stock.name,
        qty: held.qty,
        sellable_qty: held.qty,
        avg_price: (held.cost / held.qty).toFixed(2),
        last_price: stock.last,
        last_price_ns: ns(stock.at),
        value: stock.last * held.qty,
        unrealized_pnl: stock.last * held.qty - held.cost,
        frozen: this.frozen.some((item) => item.symbol === symbol),
        slices: [{ bot: held.bot, qty: held.qty }],
      };
    });
    return { as_of: this.asOf(), positions };
  }

  balance() {
    const { positions } = this.positionList();
    const value = positions.reduce((sum, p) => sum + p.value, 0);
    const reserved = this.openOrders().reduce((sum, o) => sum + (o.side === 'buy' ? (o.price ?? 0) * o.qty : 0), 0);
    return {
      as_of: this.asOf(),
      cash: this.cash,
      reserved_cash: reserved,
      orderable_cash: this.cash - reserved,
      positions_value: value,
      equity: this.cash + value,
      start_equity: START_EQUITY,
      realized_pnl: this.realized,
      unrealized_pnl: positions.reduce((sum, p) => sum + p.unrealized_pnl, 0),
      fees: this.fees,
      taxes: this.taxes,
    };
  }

  openOrders() {
    return this.orders.filter((o) => ['acked', 'partially_filled', 'ambiguous', 'disputed'].includes(o.state));
  }

  bars(stock, interval, limit) {
    const first = stock.bars[0];
    const whole = { t: Math.floor(START / 86_400_000) * 86_400 - 32_400, o: first?.o, h: first?.h, l: first?.l, c: stock.last, v: 1 };
    const bars = interval === '1d' ? (first ? [whole] : []) : stock.bars.slice(-limit);
    const marks = this.fills
      .filter((fill) => fill.symbol === stock.symbol)
      .map((fill) => ({ t: Number(BigInt(fill.at_ns) / 1_000_000_000n), side: fill.side, qty: fill.qty, price: fill.price, bot: fill.bot }))
      .filter((mark) => bars.length > 0 && mark.t >= bars[0].t)
      .reverse();
    return { symbol: stock.symbol, name: stock.name, interval, bars, marks };
  }

  status() {
    const ids = Object.keys(NAMES);
    return {
      version: '0.1.0',
      mode: this.mode,
      kis_env: 'mock',
      account: '********01',
      clock: {
        now_ns: ns(this.now),
        trading_day: '2026-11-20',
        session_part: this.part,
        next_open_ns: this.part === 'continuous' ? null : ns(Date.UTC(2026, 10, 23, 0, 0)),
        speed: this.speed,
      },
      ready: true,
      reasons: [],
      halted: this.halted,
      halt_reason: this.haltReason,
      connection: { stream: 'up', last_frame_ns: ns(this.eventAt), stale_symbols: [], journal: this.journal },
      bots: this.empty
        ? []
        : [
            { id: 'sma', strategy: 'sma_cross', state: this.halted ? 'halted' : 'running', symbols: ids.slice(0, 3) },
            { id: 'rsi', strategy: 'rsi_reversion', state: this.halted ? 'halted' : 'warming_up', symbols: ids.slice(2) },
          ],
      frozen: this.frozen,
      as_of: this.asOf(),
    };
  }

  freeze() {
    const stock = this.symbols[0];
    const order = this.place({ symbol: stock.symbol, side: 'buy', type: 'limit', qty: 10, price: stock.last }, 'sma', () => undefined);
    Object.assign(order, { state: 'ambiguous', order_number: null });
    const reason = '주문 응답이 오지 않음';
    this.frozen = [{ symbol: stock.symbol, reason, since_ns: ns(this.now), next_check_ns: ns(this.now + 5_000) }];
  }
}
