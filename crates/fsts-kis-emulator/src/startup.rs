//! Putting a run together: from its settings, or from where the last one stopped.

use fsts_domain::{AccountNo, Timestamp, TradingDay};
use fsts_krx::RuleBook;
use fsts_sim::Stream;

use crate::account::Ledger;
use crate::board::Board;
use crate::clock::{Clock, system_time};
use crate::config::{ClockMode, EmulatorConfig, EmulatorError, MarketSource};
use crate::exchange::{Account, Exchange, Parts};
use crate::market::Market;
use crate::market::generated::Generated;
use crate::market::history;
use crate::market::replay::Replay;
use crate::orders::{Order, OrderList};
use crate::persist::{Kept, MarketImage, Store};

/// Builds the exchange of a run.
pub(crate) fn exchange(mut config: EmulatorConfig) -> Result<Exchange, EmulatorError> {
    config.check()?;
    let store = match &config.data_dir {
        Some(dir) => Some(Store::open(dir, config.fresh)?),
        None => None,
    };
    let kept = match &store {
        Some(store) => store.load()?,
        None => None,
    };
    let rules = config.rules();
    let market = market(&mut config);
    if let Some(kept) = &kept {
        check_same_run(&config, kept)?;
    }
    let first = first_day(&config, &rules, &market, kept.as_ref())?;
    let (processed, start) = match &kept {
        Some(kept) => {
            let processed = kept.clock.now.max(kept.accounts.now);
            (processed, kept.clock.mark.max(processed))
        }
        None => {
            let open = rules.calendar().regular_open(first).unwrap_or(Timestamp::from_kst(first, 0));
            let start = match config.clock {
                ClockMode::Real => system_time(),
                ClockMode::Accelerated { .. } | ClockMode::Stepped => config.start_on(first, open),
            };
            (start, start)
        }
    };
    let clock = Clock::starting_at(config.clock, start);
    let parts = Parts {
        board: Board::new(&config.symbols),
        accounts: accounts(&config),
        lives: kept.as_ref().map_or(0, |kept| kept.clock.lives) + 1,
        config,
        rules,
        day: first,
        clock,
        market,
        store,
    };
    let mut exchange = Exchange::assembled(parts);
    fill_history(&mut exchange);
    match kept {
        None => begin(&mut exchange, start),
        Some(kept) => {
            resume(&mut exchange, kept, processed);
            exchange.run_to_reading();
        }
    }
    exchange.accounts_changed();
    exchange.commit();
    Ok(exchange)
}

fn market(config: &mut EmulatorConfig) -> Market {
    match std::mem::replace(&mut config.market, MarketSource::Generated) {
        MarketSource::Generated => Market::Generated(Box::new(Generated::new(config.seed))),
        MarketSource::Replay(bars) => {
            Market::Replay(Box::new(Replay::new(bars, config.replay_interval_s, config.partial_fills)))
        }
    }
}

/// The trading day to begin or to go on with.
fn first_day(
    config: &EmulatorConfig,
    rules: &RuleBook,
    market: &Market,
    kept: Option<&Kept>,
) -> Result<TradingDay, EmulatorError> {
    if let Some(kept) = kept {
        return Ok(kept.accounts.day);
    }
    let wanted = match config.clock {
        ClockMode::Real => system_time().kst_day(),
        ClockMode::Accelerated { .. } | ClockMode::Stepped => config.start_date,
    };
    market
        .day_from(wanted, |day| rules.calendar().is_open(day))
        .ok_or_else(|| EmulatorError::Config(format!("there is no trading day from {wanted} on, or no bars of one")))
}

/// A folder made with other settings would give accounts that never were.
fn check_same_run(config: &EmulatorConfig, kept: &Kept) -> Result<(), EmulatorError> {
    let image = &kept.accounts;
    let other = |what: String| Err(EmulatorError::OtherRun(what));
    if (image.env, image.session) != (config.env, config.session) {
        return other(format!("environment {:?}, session {:?}", image.env, image.session));
    }
    if image.seed != config.seed {
        return other(format!("seed {}", image.seed));
    }
    let listed = |code| config.symbols.iter().any(|symbol| symbol.symbol == code);
    let held = image.accounts.iter().flat_map(|account| account.ledger.positions.keys().copied());
    let ordered = image.orders.iter().map(|order| order.symbol);
    match held.chain(ordered).find(|symbol| !listed(*symbol)) {
        Some(symbol) => other(format!("symbol {symbol} is not listed now")),
        None => Ok(()),
    }
}

fn accounts(config: &EmulatorConfig) -> Vec<Account> {
    config
        .accounts
        .iter()
        .map(|account| Account {
            no: account.no,
            app_key: account.app_key.clone(),
            hts_id: account.hts_id.clone(),
            ledger: Ledger::with_cash(account.cash),
        })
        .collect()
}

/// Gives every symbol its days before the first.
fn fill_history(exchange: &mut Exchange) {
    let (day, calendar) = (exchange.day, exchange.rules.calendar().clone());
    for (symbol, quote) in exchange.board.all_mut().iter_mut().enumerate() {
        quote.days = match &exchange.market {
            Market::Generated(_) => {
                let mut dice = Stream::new(exchange.config.seed, "history", symbol as u64);
                history::invented(quote, day, &calendar, &exchange.today, &mut dice)
            }
            Market::Replay(market) => market.history(symbol, day),
        };
        if let Some((_, last)) = quote.days.last() {
            quote.last = last.bar.close;
        }
        quote.begin_day(None, &exchange.today);
    }
}

fn begin(exchange: &mut Exchange, start: Timestamp) {
    let day = exchange.day;
    exchange.set_bases_from_market(day);
    exchange.now = start;
    exchange.enter_day(day, start);
}

fn resume(exchange: &mut Exchange, kept: Kept, processed: Timestamp) {
    let Kept { accounts, past, market, .. } = kept;
    let day = exchange.day;
    match (&exchange.market, market) {
        (Market::Generated(_), Some(image)) => restore_board(exchange, image),
        // A replay rebuilds its board from the bars.
        (Market::Replay(_), _) | (Market::Generated(_), None) => exchange.set_bases_from_market(day),
    }
    for kept in accounts.accounts {
        let no: Option<AccountNo> = kept.no.parse().ok();
        if let Some(account) = exchange.accounts.iter_mut().find(|account| Some(account.no) == no) {
            account.ledger = kept.ledger;
        }
    }
    exchange.keys = accounts.keys;
    exchange.orders = OrderList::restored(accounts.orders, past, accounts.made);
    exchange.now = processed;
    exchange.enter_day(day, processed);
    let open: Vec<Order> = exchange.orders.open().cloned().collect();
    for order in open {
        exchange.send_to_market(&order);
    }
}

fn restore_board(exchange: &mut Exchange, image: MarketImage) {
    let is_yesterday = image.day < exchange.day;
    for kept in image.quotes {
        let Some(symbol) = exchange.board.index_of(kept.symbol) else {
            continue;
        };
        let quote = exchange.board.get_mut(symbol);
        quote.restore(kept);
        if is_yesterday {
            quote.begin_day(Some(image.day), &exchange.today);
        } else {
            quote.band = exchange.today.band(quote.market, quote.base);
        }
    }
}
