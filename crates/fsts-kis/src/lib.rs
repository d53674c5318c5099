//! The client of the KIS Open API: the only crate that knows the broker's words.
//!
//! - [`Kis`]: orders by proof ([`submit`](Kis::submit), [`cancel`](Kis::cancel)), broker truth
//!   ([`daily_orders`](Kis::daily_orders), [`balance`](Kis::balance), …)
//! - [`Stream`]: trades, books and execution notices over one WebSocket session
//! - [`Credentials`]: keys, account and address that belong together; paper and live are different types
//! - [`wire`], [`decode`]: the broker's fields and frames, also used by the emulator
//!
//! It cannot tell the broker from the emulator: base URLs and the [`MarketClock`] are given to it.

mod call;
mod clock;
mod code;
pub mod decode;
mod env;
mod envelope;
mod error;
mod http;
mod inquiry;
mod jitter;
mod kis;
mod limiter;
mod orders;
mod rest;
mod stream;
mod tally;
mod token;
pub mod wire;

pub use call::Call;
pub use clock::{MarketClock, Reached, SteppedClock, SystemClock};
pub use env::{Account, Credentials, Endpoints, Environment, KeyPair, Live, Mode, Paper};
pub use error::{ConfigError, KisError};
pub use inquiry::{BarPrices, BuyingPower, Days, Minutes, OrderFilter, Quote};
pub use kis::{Armed, Kis, Settings};
pub use limiter::{Lane, Limiter};
pub use orders::NOT_SENT;
pub use stream::{
    DownReason, Stream, StreamControl, StreamEnd, StreamEvent, StreamSettings, Subscription, TooManySubscriptions,
};
pub use tally::{CallCount, calls};
pub use token::{AccessToken, TokenKeeper};
