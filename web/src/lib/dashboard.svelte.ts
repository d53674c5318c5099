// Holds what the page shows: the feed's picture, market time and the links to the server.

import { ApiProblem, makeClient, ofAccount } from '../api/client';
import { keptAccount, keepAccount } from '../api/account';
import type { Account, Alert, Balance, Fill, FeedMessage, Order, Position, Quote, Status } from '../api/contract';
import { openFeed, type FeedState } from '../api/feed';
import type { SessionAnswer } from '../api/parts';
import { apply, EMPTY, isOpen, listOf, mergeAlerts, mergeFills, mergeOrders, newest, type Picture } from '../api/reduce';
import { forgetToken, takeToken } from '../api/token';
import { isActive, watchActivity } from './activity';
import { ACCOUNT_LIMITS, grade, isTicking, ofValuation, QUOTE_LIMITS, type Freshness, type Moment } from './freshness';
import { nsToMs, optionalMs } from './kst';
import { marketNow, type MarketClock } from './marketclock';
import { makeNameAsker } from './names';
import { speech } from './speech.svelte';

const TICK_MS = 500;
/** Anew at most this often, so that a server with holes in its numbering is not asked without end. */
const RESYNC_EVERY_MS = 5_000;

class Dashboard {
  picture = $state.raw<Picture>(EMPTY);
  link = $state<FeedState>('connecting');
  retryAt = $state<number | null>(null);
  nowMs = $state(0);
  monotonicMs = $state(0);
  token = $state<string | null>(null);
  /** Accounts of the program; one of them is shown, the first when none is chosen. */
  accounts = $state.raw<Account[]>([]);
  chosen = $state<string | null>(null);
  /** Who the server takes us for; unknown until it has answered once. */
  session = $state.raw<SessionAnswer | null>(null);
  /** Whether that was asked once: before, a page could only ask for what it may not have. */
  asked = $state(false);
  client = makeClient({
    token: () => this.token,
    account: () => this.chosen,
    csrf: () => this.session?.csrf ?? null,
    language: () => speech.language,
    active: isActive,
    refused: () => this.#refused(),
  });

  #latest: Picture = EMPTY;
  #clock: MarketClock | null = null;
  #painting = false;
  #lastResync = -Infinity;
  #resyncTimer: ReturnType<typeof setTimeout> | undefined;
  #closeFeed: (() => void) | null = null;
  #asking = false;

  shownAccount = $derived(this.chosen ?? this.accounts.find((one) => one.is_default)?.key ?? null);
  mayWrite = $derived(this.token !== null || this.session?.signed_in === true);
  /** A user exists and nobody has signed in: nothing of the account may be shown. */
  locked = $derived(this.session !== null && !this.session.reads_open && !this.session.signed_in);
  status = $derived(this.picture.status);
  speed = $derived(this.picture.status?.clock.speed ?? 1);
  ticking = $derived(isTicking(this.picture.status?.clock.session_part));
  offline = $derived(this.link !== 'up' && this.retryAt !== null);
  moment = $derived<Moment>({
    offline: this.offline,
    nowMs: this.nowMs,
    speed: this.speed,
    ticking: this.ticking,
  });
  /** The last event the server says it has worked in vouches for all account figures held here. */
  accountMs = $derived.by(() => {
    const stamps = [this.picture.balance?.as_of.at_ns, this.picture.status?.as_of.at_ns].filter((ns) => ns !== undefined);
    return stamps.length === 0 ? null : Math.max(...stamps.map(nsToMs));
  });
  account = $derived<Freshness>(grade(this.accountMs, this.moment, ACCOUNT_LIMITS));
  /** Figures that rest on prices: equity, values, unrealised results. */
  valuation = $derived(
    ofValuation(this.account, (this.picture.positions ?? []).map((position) => this.quoteFreshness(position.symbol))),
  );
  /** Anything at all that the broker's stream or the engine brought last. */
  dataMs = $derived.by(() => {
    const frame = optionalMs(this.picture.status?.connection.last_frame_ns);
    return this.accountMs === null ? frame : Math.max(this.accountMs, frame ?? 0);
  });
  names = $derived.by(() => {
    const { positions, orders, fills } = this.picture;
    const rows = [...(fills ?? []), ...(orders ?? []), ...(positions ?? [])];
    return new Map(rows.map((row) => [row.symbol, row.name]));
  });
  openOrders = $derived((this.picture.orders ?? []).filter(isOpen).length);
  learnedNames = $state.raw<Map<string, string>>(new Map());
  symbols = $derived.by(() => {
    const { status, positions } = this.picture;
    const all = [...(status?.bots.flatMap((bot) => bot.symbols) ?? []), ...(positions ?? []).map((p) => p.symbol)];
    return [...new Set(all)].sort();
  });

  nameOf = (symbol: string): string => this.names.get(symbol) ?? this.learnedNames.get(symbol) ?? symbol;

  learnName(symbol: string, name: string): void {
    if (name && this.learnedNames.get(symbol) !== name) this.learnedNames = new Map(this.learnedNames).set(symbol, name);
  }

  #askNames = makeNameAsker({
    ask: async (symbol) => (await this.client.get<Quote>(`/api/v1/quotes/${encodeURIComponent(symbol)}`)).name,
    learn: (symbol, name) => this.learnName(symbol, name),
  });

  /** Asks for names that no row brought; a symbol without any price has no quote to ask for. */
  askNames(): void {
    const { quotes, status } = this.picture;
    const nameless = (symbol: string) => !this.names.has(symbol) && !this.learnedNames.has(symbol);
    this.#askNames(this.symbols.filter((symbol) => nameless(symbol) && (status?.ready || quotes[symbol] !== undefined)));
  }

  quoteMs(symbol: string): number | null {
    const streamed = optionalMs(this.picture.quotes[symbol]?.at_ns);
    const held = optionalMs(this.picture.positions?.find((p) => p.symbol === symbol)?.last_price_ns);
    if (streamed === null || held === null) return streamed ?? held;
    return Math.max(streamed, held);
  }

  quoteFreshness(symbol: string): Freshness {
    const own = grade(this.quoteMs(symbol), this.moment, QUOTE_LIMITS);
    const connection = this.picture.status?.connection;
    const doubted = connection?.stream !== 'up' || connection.stale_symbols.includes(symbol);
    return own !== 'offline' && this.ticking && doubted ? 'stale' : own;
  }

  start(): () => void {
    this.token = takeToken({ location, history, session: sessionStorage });
    this.chosen = keptAccount(sessionStorage);
    const unwatch = watchActivity();
    void this.loadSession();
    const tick = setInterval(() => this.#tick(), TICK_MS);
    const shown = () => document.visibilityState === 'visible' && this.#paint();
    document.addEventListener('visibilitychange', shown);
    return () => {
      unwatch();
      this.#closeFeed?.();
      clearInterval(tick);
      clearTimeout(this.#resyncTimer);
      document.removeEventListener('visibilitychange', shown);
    };
  }

  /** Asks who we are, then opens the feed or shuts it. */
  async loadSession(): Promise<void> {
    try {
      this.session = await this.client.get<SessionAnswer>('/api/v1/session');
    } catch (cause) {
      // A server that can't be reached now is followed by the feed, which tries again and again.
      if (!(cause instanceof ApiProblem)) return;
    } finally {
      this.asked = true;
    }
    if (this.locked) this.#leave();
    else this.#follow();
  }

  async signOut(): Promise<void> {
    await this.client.post('/api/v1/session/logout', {});
    await this.loadSession();
  }

  /** From now on the session counts and no longer what the address brought. */
  async signedIn(): Promise<void> {
    forgetToken(sessionStorage);
    this.token = null;
    await this.loadSession();
  }

  /** The session has ended, or a user was made elsewhere: ask once who we are now. */
  #refused(): void {
    if (this.locked || this.#asking) return;
    this.#asking = true;
    void this.loadSession().finally(() => (this.#asking = false));
  }

  #follow(): void {
    if (this.#closeFeed) return;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const bearer = this.session?.reads_open === false ? this.token : null;
    const handlers = {
      message: (message: FeedMessage) => this.#take(message),
      state: (state: FeedState, retryInMs: number | null) => this.#linked(state, retryInMs),
    };
    this.#closeFeed = openFeed(ofAccount(`${scheme}://${location.host}/api/v1/feed`, this.chosen), handlers, bearer);
    this.#loadAlerts();
    void this.#loadAccounts();
  }

  /** Shows another account. The page is loaded anew, so that nothing of the one before stays on it. */
  choose(account: string): void {
    const first = this.accounts.find((one) => one.is_default)?.key;
    const chosen = account === first ? null : account;
    if (chosen === this.chosen) return;
    keepAccount(sessionStorage, chosen);
    location.reload();
  }

  async #loadAccounts(): Promise<void> {
    // About all accounts, whichever is shown: one that is gone must not hide the list.
    const known = await this.client.get<unknown>('/api/v1/accounts?account=').catch(() => null);
    if (known === null) return;
    this.accounts = listOf<Account>(known, 'accounts');
    const shown = this.accounts.find((one) => one.key === this.chosen);
    if (this.chosen !== null && shown?.state !== 'running') {
      const first = this.accounts.find((one) => one.is_default);
      if (first) this.choose(first.key);
    }
  }

  /** Nothing of the account stays on the screen of somebody who has signed out. */
  #leave(): void {
    this.#closeFeed?.();
    this.#closeFeed = null;
    this.link = 'connecting';
    this.retryAt = null;
    clearTimeout(this.#resyncTimer);
    this.#latest = EMPTY;
    this.picture = EMPTY;
  }

  /** Brings everything by plain requests; used when messages went missing or the stream will not open. */
  resync = (): void => {
    const wait = this.#lastResync + RESYNC_EVERY_MS - performance.now();
    clearTimeout(this.#resyncTimer);
    if (wait > 0) {
      this.#resyncTimer = setTimeout(this.resync, wait);
      return;
    }
    this.#lastResync = performance.now();
    void this.#fetchAll().catch(() => undefined);
  };

  /** Takes an order from an answer at once; the stream repeats it. */
  noteOrder(order: Order): void {
    this.#replace({ ...this.#latest, orders: mergeOrders(this.#latest.orders ?? [], [order]) });
  }

  async refreshStatus(): Promise<void> {
    const status = await this.client.get<Status>('/api/v1/status');
    this.#noteStatus(status);
    this.#replace({ ...this.#latest, status: newest(this.#latest.status, status) });
  }

  async #fetchAll(): Promise<void> {
    const { get } = this.client;
    const [status, balance, positions, open, recent, fills] = await Promise.all([
      get<Status>('/api/v1/status'),
      get<Balance>('/api/v1/balance'),
      get<unknown>('/api/v1/positions'),
      get<unknown>('/api/v1/orders?open=true&limit=500'),
      get<unknown>('/api/v1/orders?open=false&limit=50'),
      get<unknown>('/api/v1/trade/history?limit=100'),
    ]);
    this.#noteStatus(status);
    const orders = [...listOf<Order>(open, 'orders'), ...listOf<Order>(recent, 'orders')];
    this.#replace({
      ...this.#latest,
      status: newest(this.#latest.status, status),
      balance: newest(this.#latest.balance, balance),
      positions: listOf<Position>(positions, 'positions'),
      orders: mergeOrders(this.#latest.orders ?? [], orders),
      fills: mergeFills(this.#latest.fills ?? [], listOf<Fill>(fills, 'fills')),
    });
  }

  #loadAlerts(): void {
    void this.client
      .get<unknown>('/api/v1/alerts')
      .then((answer) => {
        const alerts = mergeAlerts(this.#latest.alerts ?? [], listOf<Alert>(answer, 'alerts'));
        this.#replace({ ...this.#latest, alerts });
      })
      .catch(() => undefined);
  }

  #take(message: FeedMessage): void {
    const before = this.#latest;
    const after = apply(before, message);
    if (after.status && after.status !== before.status) this.#noteStatus(after.status);
    if (after.gaps > before.gaps) this.resync();
    this.#replace(after);
  }

  #noteStatus(status: Status): void {
    const { now_ns, speed } = status.clock;
    this.#clock = { anchorMs: nsToMs(now_ns), anchorMonotonicMs: performance.now(), speed };
  }

  #linked(state: FeedState, retryInMs: number | null): void {
    this.link = state;
    if (state === 'up') {
      this.retryAt = null;
      if (this.session === null) void this.loadSession();
      if (this.#latest.alerts === null) this.#loadAlerts();
    }
    if (retryInMs !== null) {
      this.retryAt = performance.now() + retryInMs;
      this.resync();
    }
  }

  #replace(picture: Picture): void {
    this.#latest = picture;
    this.#paint();
  }

  /** Many messages, one change a frame; a hidden tab gets no frames and so paints nothing until it is shown. */
  #paint(): void {
    if (this.#painting || document.visibilityState === 'hidden') return;
    this.#painting = true;
    requestAnimationFrame(() => {
      this.#painting = false;
      this.picture = this.#latest;
      this.#tick();
    });
  }

  #tick(): void {
    this.monotonicMs = performance.now();
    if (this.#clock) this.nowMs = marketNow(this.#clock, this.monotonicMs);
  }
}

export const dashboard = new Dashboard();
