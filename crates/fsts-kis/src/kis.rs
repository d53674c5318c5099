//! The door to the broker for one account.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fsts_domain::{Bar, OrderKind, Qty, Symbol, Timestamp, TradingDay};
use fsts_engine::{
    AccountReport, CancelIntent, CancelOutcome, Complete, Intent, Journaled, OrderReport, SubmitOutcome,
};

use crate::clock::MarketClock;
use crate::env::{Access, Credentials, Environment, Live, Paper};
use crate::error::KisError;
use crate::http::{order_client, read_client};
use crate::inquiry::{BarPrices, BuyingPower, Days, Minutes, OrderFilter, Quote};
use crate::limiter::Limiter;
use crate::orders::{NOT_SENT, OrderDesk};
use crate::rest::Rest;
use crate::stream::{Stream, StreamControl, StreamSettings};
use crate::token::TokenKeeper;

/// What may be set about the client.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Folder of the token files; shared by the processes of one machine.
    pub token_dir: PathBuf,
    /// REST calls per second of market time (`FSTS_KIS_REST_RPS`); `None` is the broker's limit, 0 no limit.
    pub calls_per_second: Option<u32>,
    /// An order without an answer after this real time is ambiguous.
    pub order_timeout: Duration,
}

impl Settings {
    /// The broker's limits, ten seconds for an order's answer.
    pub fn new(token_dir: PathBuf) -> Self {
        Settings { token_dir, calls_per_second: None, order_timeout: Duration::from_secs(10) }
    }
}

/// A person's explicit step before real money moves; nothing makes one by default.
#[derive(Debug)]
pub struct Armed(());

impl Armed {
    /// Call it where a person has armed live trading, and nowhere else.
    pub fn by_operator() -> Self {
        Armed(())
    }
}

/// The broker, for one account. Cheap to clone; all clones share token, budget and connections.
///
/// ```no_run
/// use std::sync::Arc;
/// use fsts_kis::{Account, Credentials, Endpoints, Environment, KeyPair, Kis, Paper, Settings, SystemClock};
///
/// # async fn example(keys: KeyPair) -> Result<(), Box<dyn std::error::Error>> {
/// let emulator = Endpoints::new("http://127.0.0.1:29443", "ws://127.0.0.1:31000")?;
/// let account = Account { number: "12345678-01".parse()?, hts_id: "someone".to_owned() };
/// let credentials = Credentials::<Paper>::new(Environment::Mock, emulator, keys, account)?;
/// let kis = Kis::paper(credentials, Settings::new("tokens".into()), Arc::new(SystemClock))?;
/// println!("{:?}", kis.price("005930".parse()?).await?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Kis {
    rest: Arc<Rest>,
    desk: Arc<OrderDesk>,
    clock: Arc<dyn MarketClock>,
    may_order: bool,
}

impl Kis {
    /// A client without real money.
    ///
    /// # Errors
    /// [`KisError::Config`] when no TLS provider is installed.
    pub fn paper(
        credentials: Credentials<Paper>,
        settings: Settings,
        clock: Arc<dyn MarketClock>,
    ) -> Result<Self, KisError> {
        Kis::new(credentials.access, settings, clock, true)
    }

    /// A client with real money.
    ///
    /// # Errors
    /// [`KisError::Config`] when no TLS provider is installed.
    pub fn live(
        credentials: Credentials<Live>,
        settings: Settings,
        clock: Arc<dyn MarketClock>,
        _armed: Armed,
    ) -> Result<Self, KisError> {
        Kis::new(credentials.access, settings, clock, true)
    }

    /// A client that looks at a real account and sends no order: every submit and cancel is refused before the wire.
    ///
    /// # Errors
    /// [`KisError::Config`] when no TLS provider is installed.
    pub fn looking(
        credentials: Credentials<Live>,
        settings: Settings,
        clock: Arc<dyn MarketClock>,
    ) -> Result<Self, KisError> {
        Kis::new(credentials.access, settings, clock, false)
    }

    fn new(access: Access, settings: Settings, clock: Arc<dyn MarketClock>, may_order: bool) -> Result<Self, KisError> {
        let access = Arc::new(access);
        let client = read_client()?;
        let per_second = settings.calls_per_second.unwrap_or(access.environment.calls_per_second());
        let limiter = Arc::new(Limiter::new(per_second, Arc::clone(&clock)));
        let tokens = TokenKeeper::new(
            client.clone(),
            Arc::clone(&access),
            Arc::clone(&clock),
            Arc::clone(&limiter),
            settings.token_dir,
        );
        Ok(Kis {
            rest: Arc::new(Rest { client, access, tokens, limiter }),
            desk: Arc::new(OrderDesk { client: order_client()?, answer_timeout: settings.order_timeout }),
            clock,
            may_order,
        })
    }

    /// Which product of the broker this client speaks to.
    pub fn environment(&self) -> Environment {
        self.rest.access.environment
    }

    /// The keeper of the access token.
    pub fn tokens(&self) -> &Arc<TokenKeeper> {
        &self.rest.tokens
    }

    /// Transmits an order, at most once; the proof is used up.
    pub async fn submit(&self, proof: Journaled<Intent>) -> SubmitOutcome {
        if !self.may_order {
            let message = "this client only looks at the account".to_owned();
            return SubmitOutcome::Refused { code: NOT_SENT.to_owned(), message };
        }
        self.desk.submit(&self.rest, self.clock.as_ref(), proof).await
    }

    /// Transmits a cancel, at most once; the proof is used up.
    pub async fn cancel(&self, proof: Journaled<CancelIntent>) -> CancelOutcome {
        if !self.may_order {
            let message = "this client only looks at the account".to_owned();
            return CancelOutcome::Refused { code: NOT_SENT.to_owned(), message };
        }
        self.desk.cancel(&self.rest, proof).await
    }

    /// The orders of a day (at most three months back), every page.
    ///
    /// # Errors
    /// [`KisError`] when any page failed; nothing of a part is returned.
    pub async fn daily_orders(&self, day: TradingDay, filter: OrderFilter) -> Result<Complete<OrderReport>, KisError> {
        self.rest.daily_orders(day, filter).await
    }

    /// Settled cash and holdings, every page.
    ///
    /// # Errors
    /// [`KisError`] when any page failed.
    pub async fn balance(&self) -> Result<AccountReport, KisError> {
        self.rest.balance().await
    }

    /// What may be bought of `symbol` without going short of cash.
    ///
    /// # Errors
    /// [`KisError`] as for any read.
    pub async fn buying_power(&self, symbol: Symbol, kind: OrderKind) -> Result<BuyingPower, KisError> {
        self.rest.buying_power(symbol, kind).await
    }

    /// What may be sold of `symbol`; the mock environment lacks this call.
    ///
    /// # Errors
    /// [`KisError`] as for any read; [`KisError::Config`] in the mock environment, before anything is sent.
    pub async fn sellable(&self, symbol: Symbol) -> Result<Qty, KisError> {
        self.rest.sellable(symbol).await
    }

    /// The state of an instrument now.
    ///
    /// # Errors
    /// [`KisError`] as for any read.
    pub async fn price(&self, symbol: Symbol) -> Result<Quote, KisError> {
        self.rest.price(symbol).await
    }

    /// Daily bars of the regular session, oldest first; days without trading are left out.
    ///
    /// # Errors
    /// [`KisError`] when any part failed.
    pub async fn daily_bars(
        &self,
        symbol: Symbol,
        days: Days,
        prices: BarPrices,
    ) -> Result<Vec<(TradingDay, Bar)>, KisError> {
        self.rest.daily_bars(symbol, days, prices).await
    }

    /// The ended minute bars of a day, oldest first; minutes without trading are left out. Past days, of which the broker keeps
    /// about a year, are there in the real environment only.
    ///
    /// # Errors
    /// [`KisError`] when any part failed; [`KisError::Config`] for a past day in the mock environment, before anything is sent.
    pub async fn minute_bars(&self, symbol: Symbol, minutes: Minutes) -> Result<Vec<(Timestamp, Bar)>, KisError> {
        self.rest.minute_bars(symbol, minutes, self.clock.now()).await
    }

    /// The stream session of this account, and its remote control. One per app key: the broker refuses a second.
    pub fn stream(&self, settings: StreamSettings) -> (Stream, StreamControl) {
        Stream::new(Arc::clone(&self.rest.access), Arc::clone(&self.rest.tokens), Arc::clone(&self.clock), settings)
    }
}
