// The shapes of what runs beside the account: bots, jobs, simulations, indicators, assistant, backups, session.

export type Params = Record<string, number>;

export interface BotSummary {
  id: string;
  account: string;
  strategy: string;
  params: Params;
  symbols: string[];
  mode: 'paper' | 'live' | 'replay';
  state: 'stopped' | 'running' | 'paused' | 'halted' | 'warming_up';
  capital: number | null;
  capital_used: number;
  sizing?: unknown;
  schedule: string | null;
  realized_pnl: number;
  unrealized_pnl: number;
  last_decision_ns: string | null;
  last_decision: string | null;
  shared_symbols: string[];
}

export interface StrategyParam {
  name: string;
  ko: string;
  en: string;
  default: number;
  min: number;
  max: number;
  integer: boolean;
}

export interface Strategy {
  id: string;
  name_ko: string;
  name_en: string;
  about_ko: string;
  about_en: string;
  params: StrategyParam[];
}

export type JobOutcome = 'running' | 'ok' | 'failed' | 'skipped' | 'missed' | 'cut';

export interface JobRun {
  run_id: string | number;
  due_ns: string;
  started_ns: string;
  ended_ns: string | null;
  outcome: JobOutcome;
  message: string | null;
}

export interface Job {
  name: string;
  title: string;
  schedule: string;
  kind: 'at' | 'before_close' | 'cron' | 'every';
  enabled: boolean;
  next_ns: string | null;
  running: boolean;
  last: JobRun | null;
}

export type SimulationState = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface SimulationSummary {
  final_equity?: number;
  return_pct?: number;
  mdd_pct?: number;
  trades?: number;
}

export interface Simulation {
  id: string;
  kind: 'single' | 'bulk';
  strategy: string;
  symbols_count: number;
  from: string | null;
  to: string | null;
  state: SimulationState;
  done_days: number;
  total_days: number;
  created_ns: string;
  ended_ns: string | null;
  summary: SimulationSummary | null;
  error: { code: string; message: string } | null;
}

export interface SimulatedFill {
  at_ns: string;
  symbol: string;
  name: string;
  side: 'buy' | 'sell';
  qty: number;
  /** A mean, with its fraction. */
  price: number;
  fee: number;
  tax: number;
  /** What a sell made; nothing for a buy. */
  realized: number | null;
}

export interface PerSymbol {
  symbol: string;
  name: string;
  buys: number;
  sells: number;
  qty: number;
  realized: number;
  unrealized: number;
}

export interface SimulationReport {
  from: string;
  to: string;
  start_equity: number;
  cagr_pct: number | null;
  sharpe: number | null;
  warnings: { code: string; message: string }[];
  final_equity: number;
  return_pct: number;
  realized_pnl: number;
  unrealized_pnl: number;
  fees: number;
  taxes: number;
  trades: number;
  buys: number;
  sells: number;
  win_rate_pct: number | null;
  mdd_pct: number;
  equity: [string, number][];
  fills: SimulatedFill[];
  per_symbol: PerSymbol[];
  failed_symbols: { symbol: string; reason: string }[];
}

export interface SimulationDetail extends Simulation {
  params: Params;
  report: SimulationReport | null;
}

export interface IndicatorAnswer {
  symbol: string;
  name: string;
  interval: string;
  source: 'lake' | 'broker';
  /** `t` in UTC seconds, as bars have it. */
  points: { t: number; values: Record<string, number | null> }[];
}

export interface Approval {
  id: string;
  title?: string;
  summary?: string;
  action?: string;
  order?: { symbol: string; side: 'buy' | 'sell'; qty: number; price: number | null; type?: string };
  proposed_by?: string;
  created_ns?: string;
  expires_ns?: string | null;
  state?: string;
}

export interface ChatSession {
  id: string;
  title?: string;
  updated_ns?: string;
}

export interface Backup {
  id: string;
  created_ns: string;
  bytes: number;
  files: number;
  target: string;
  verified_ns: string | null;
}

export interface AccountSummary {
  key: string;
  masked: string;
  mode: 'paper' | 'live' | 'replay';
  kis_env: 'real' | 'mock';
  ready: boolean;
  equity: number | null;
  default: boolean;
}

export interface SessionAnswer {
  signed_in: boolean;
  user: string | null;
  scopes: string[];
  csrf: string | null;
  setup_needed: boolean;
  reads_open: boolean;
  ends_ns: string | null;
  idle_s: number | null;
}
