// Bots, jobs, simulations and the like as the server tells them, made up: to build pages without a server that runs them.

const SECOND = 1_000_000_000n;
const ns = (ms, seconds = 0) => String(BigInt(Math.floor(ms)) * 1_000_000n + BigInt(seconds) * SECOND);

export const STRATEGIES = [
  {
    id: 'sma_cross', name_ko: '이동평균 교차', name_en: 'Moving-average cross',
    about_ko: '짧은 이동평균이 긴 이동평균을 위로 뚫으면 사고, 아래로 뚫으면 팔아요.',
    about_en: 'Buys when the fast average crosses above the slow one and sells when it crosses below.',
    params: [
      { name: 'fast', ko: '짧은 기간', en: 'Fast period', default: 10, min: 2, max: 200, integer: true },
      { name: 'slow', ko: '긴 기간', en: 'Slow period', default: 30, min: 3, max: 400, integer: true },
    ],
  },
  {
    id: 'rsi_reversion', name_ko: 'RSI 되돌림', name_en: 'RSI reversion',
    about_ko: 'RSI가 과매도에서 돌아서면 사고, 과매수에서 팔아요.',
    about_en: 'Buys when RSI turns up from oversold and sells when overbought.',
    params: [
      { name: 'period', ko: '기간', en: 'Period', default: 14, min: 2, max: 100, integer: true },
      { name: 'oversold', ko: '과매도', en: 'Oversold', default: 30, min: 1, max: 50, integer: false },
      { name: 'overbought', ko: '과매수', en: 'Overbought', default: 70, min: 50, max: 99, integer: false },
    ],
  },
];

function bots(now, symbols) {
  const bot = (id, strategy, state, used, realized, unrealized, shared) => ({
    id, account: 'main', strategy, params: { fast: 10, slow: 30 }, symbols: symbols.slice(0, 5), mode: 'paper', state,
    capital: 50_000_000, capital_used: used, sizing: 'notional', schedule: state === 'paused' ? null : '15:10',
    realized_pnl: realized, unrealized_pnl: unrealized, last_decision_ns: ns(now, -40),
    last_decision: '매수 신호: 짧은 평균 71,250 > 긴 평균 71,190', shared_symbols: shared,
  });
  return [
    bot('sma', 'sma_cross', 'running', 41_200_000, 182_400, -35_100, symbols.slice(0, 1)),
    bot('rsi-kospi', 'rsi_reversion', 'running', 12_900_000, -88_000, 12_700, symbols.slice(0, 1)),
    bot('swing', 'rsi_bollinger', 'paused', 0, 0, 0, []),
  ];
}

function jobs(now, korean) {
  const job = (name, ko, en, schedule, outcome, message, enabled = true) => {
    const run = { run_id: `${name}-1`, due_ns: ns(now, -3600), started_ns: ns(now, -3599), ended_ns: outcome === 'running' ? null : ns(now, -3590), outcome, message };
    return { name, title: korean ? ko : en, schedule, kind: 'at', enabled, next_ns: enabled ? ns(now, 7200) : null, running: outcome === 'running', last: outcome ? run : null };
  };
  return [
    job('trade', '매매 실행', 'Trading run', korean ? '거래일 15:10' : 'trading days 15:10', 'ok', korean ? '주문 4건' : '4 orders'),
    job('collect', '데이터 수집', 'Data collection', korean ? '거래일 16:00' : 'trading days 16:00', 'failed', korean ? '종목 2개를 받지 못함' : '2 symbols could not be fetched'),
    job('snapshot', '잔고와 수익률 기록', 'Balance and ROI snapshot', korean ? '장 마감 10분 전' : '10 minutes before the close', 'running', null),
    job('backup', '백업', 'Backup', korean ? '매일 02:30' : 'daily 02:30', null, null, false),
  ];
}

function simulation(now, id, state, done, percent) {
  return {
    id, kind: 'bulk', strategy: 'sma_cross', symbols_count: 4, from: '2025-11-02', to: '2026-11-02', state, done_days: done, total_days: 246,
    created_ns: ns(now, -600 * Number(id)), ended_ns: state === 'completed' ? ns(now, -60) : null,
    summary: percent === null ? null : { return_pct: percent }, error: state === 'failed' ? { code: 'no_bars', message: '데이터가 없는 종목이에요: 999999' } : null,
  };
}

function report(now, symbols) {
  const equity = Array.from({ length: 246 }, (_, day) => [ns(now, -86_400 * (246 - day)), Math.round(100_000_000 + 40_000 * day + 2_500_000 * Math.sin(day / 17))]);
  const fills = Array.from({ length: 48 }, (_, n) => ({ at_ns: ns(now, -86_400 * (240 - 5 * n)), symbol: symbols[n % 4], name: symbols[n % 4], realized: n % 2 ? 31_000 * (n % 5) - 40_000 : null, side: n % 2 ? 'sell' : 'buy', qty: 10 + n, price: 70_000 + 100 * n, fee: 105, tax: n % 2 ? 1_260 : 0 }));
  const per = symbols.slice(0, 4).map((symbol, n) => ({ symbol, name: symbol, buys: 6, sells: 6, qty: 0, realized: 1_900_000 - 900_000 * n, unrealized: 0 }));
  return {
    from: '2025-11-02', to: '2026-11-02', start_equity: 100_000_000, cagr_pct: 9.8, sharpe: 1.12, warnings: [], final_equity: equity.at(-1)[1], return_pct: 9.8, realized_pnl: 9_420_000, unrealized_pnl: 380_000, fees: 128_400, taxes: 402_100, trades: 24, buys: 24, sells: 24,
    win_rate_pct: 54.2, mdd_pct: -4.31, equity, fills, per_symbol: per, failed_symbols: [],
  };
}

function indicator(now, query, path) {
  const rsi = path.endsWith('/rsi');
  const points = Array.from({ length: 120 }, (_, n) => ({ t: Math.floor(now / 60_000) * 60 - 60 * (120 - n), values: rsi ? { rsi: 50 + 25 * Math.sin(n / 9) } : { ma: 70_800 + 300 * Math.sin(n / 20) } }));
  return { symbol: query.get('symbol'), name: rsi ? 'rsi' : 'ma', interval: 'minute', source: 'broker', points };
}

/** The answer to a read of one of the parts, or nothing. */
export function readPart(path, query, { now, symbols, korean }) {
  const runs = [simulation(now, '3', 'running', 131, null), simulation(now, '2', 'completed', 246, 9.8), simulation(now, '1', 'failed', 12, null)];
  const run = runs.find(({ id }) => path === `/api/v1/simulations/${id}`);
  if (run) return { ...run, params: { fast: 10, slow: 30 }, report: run.state === 'completed' ? report(now, symbols) : null };
  if (path.startsWith('/api/v1/indicator/')) return indicator(now, query, path);
  if (/^\/api\/v1\/jobs\/\w+\/history$/.test(path)) return { runs: jobs(now, korean).flatMap(({ last }) => (last ? [last] : [])) };
  const routes = {
    '/api/v1/session': () => ({ signed_in: true, user: null, scopes: ['read', 'write'], csrf: null, setup_needed: false, reads_open: true, ends_ns: null, idle_s: null }),
    '/api/v1/accounts': () => ({ accounts: [{ key: 'main', masked: '********01', mode: 'paper', kis_env: 'mock', ready: true, equity: 100_912_400, default: true }, { key: 'second', masked: '********02', mode: 'paper', kis_env: 'mock', ready: true, equity: 30_044_100, default: false }] }),
    '/api/v1/strategies': () => ({ strategies: STRATEGIES }),
    '/api/v1/bots': () => ({ bots: bots(now, symbols) }),
    '/api/v1/jobs': () => ({ jobs: jobs(now, korean) }),
    '/api/v1/simulations': () => ({ simulations: runs }),
    '/api/v1/approvals': () => ({ approvals: [{ id: '7', hash: 'a1b2c3d4', summary: '', order: { symbol: symbols[0], side: 'buy', qty: 3, price: 70_900 }, state: 'pending_approval' }] }),
    '/api/v1/backups': () => ({ backups: [{ id: 'b1', created_ns: ns(now, -9000), bytes: 48_211_903, files: 31, target: 's3://desk/backups', verified_ns: ns(now, -8000) }] }),
    '/api/v1/demo/channel': () => ({ messages: [{ at_ns: ns(now, -30), picture_bytes: null, text: korean ? '[모의] 체결 10/10주 @ 70,000원' : '[MOCK] Filled 10/10 @ KRW 70,000' }] }),
  };
  return routes[path]?.() ?? null;
}

/** A chat as events: a tool, some words, a proposal. */
export async function chat(response, korean, symbols) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const say = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const words = korean ? ['보유 종목은 ', '4개이고 ', '평가손익은 ', '+12,700원이에요.'] : ['You hold ', '4 symbols ', 'at ', '+₩12,700.'];
  say('run.started', { session_id: 's1', run_id: 'r1' });
  say('tool.started', { id: 'c1', name: 'get_positions', arguments: { account: 'main' } });
  say('tool.finished', { id: 'c1', name: 'get_positions', status: 'ok', preview: `{"positions":[{"symbol":"${symbols[0]}","qty":42}]}` });
  for (const text of words) say('token', { text });
  say('approval.required', { approval_id: '7', summary: korean ? '매수 3주 @ 70,900원' : 'Buy 3 @ ₩70,900' });
  say('run.completed', { session_id: 's1', status: 'needs_approval', answer: words.join('') });
  response.end();
}
