//! One table of the broker's calls: where each is, what it is called in each environment, and whether it exists there.

use crate::env::Environment;
use crate::error::KisError;

/// A REST call that this client makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// 접근토큰발급.
    Token,
    /// 웹소켓 접속키 발급.
    Approval,
    /// 주식주문(현금), 매수.
    Buy,
    /// 주식주문(현금), 매도.
    Sell,
    /// 주식주문(정정취소).
    Cancel,
    /// 주식일별주문체결조회, the last three months.
    DailyOrders,
    /// 주식잔고조회.
    Balance,
    /// 매수가능조회.
    BuyingPower,
    /// 매도가능수량조회; the mock environment lacks it.
    Sellable,
    /// 주식현재가 시세.
    Price,
    /// 국내주식기간별시세.
    DailyBars,
    /// 주식당일분봉조회.
    MinutesOfToday,
    /// 주식일별분봉조회; the mock environment lacks it.
    MinutesOfDay,
}

/// Path and names of a call; `mock` is `None` where the mock environment lacks it.
struct Route {
    name: &'static str,
    path: &'static str,
    real: &'static str,
    mock: Option<&'static str>,
}

const fn route(name: &'static str, path: &'static str, real: &'static str, mock: Option<&'static str>) -> Route {
    Route { name, path, real, mock }
}

impl Call {
    #[rustfmt::skip] // a table reads by its columns
    const fn route(self) -> Route {
        match self {
            Call::Token       => route("token",         "/oauth2/tokenP",   "", Some("")),
            Call::Approval    => route("approval",      "/oauth2/Approval", "", Some("")),
            Call::Buy         => route("buy",           "/uapi/domestic-stock/v1/trading/order-cash",          "TTTC0012U", Some("VTTC0012U")),
            Call::Sell        => route("sell",          "/uapi/domestic-stock/v1/trading/order-cash",          "TTTC0011U", Some("VTTC0011U")),
            Call::Cancel      => route("cancel",        "/uapi/domestic-stock/v1/trading/order-rvsecncl",      "TTTC0013U", Some("VTTC0013U")),
            Call::DailyOrders => route("daily orders",  "/uapi/domestic-stock/v1/trading/inquire-daily-ccld",  "TTTC0081R", Some("VTTC0081R")),
            Call::Balance     => route("balance",       "/uapi/domestic-stock/v1/trading/inquire-balance",     "TTTC8434R", Some("VTTC8434R")),
            Call::BuyingPower => route("buying power",  "/uapi/domestic-stock/v1/trading/inquire-psbl-order",  "TTTC8908R", Some("VTTC8908R")),
            Call::Sellable    => route("sellable shares", "/uapi/domestic-stock/v1/trading/inquire-psbl-sell", "TTTC8408R", None),
            Call::Price       => route("price",         "/uapi/domestic-stock/v1/quotations/inquire-price",    "FHKST01010100", Some("FHKST01010100")),
            Call::DailyBars   => route("daily bars",    "/uapi/domestic-stock/v1/quotations/inquire-daily-itemchartprice", "FHKST03010100", Some("FHKST03010100")),
            Call::MinutesOfToday => route("today's minute bars", "/uapi/domestic-stock/v1/quotations/inquire-time-itemchartprice", "FHKST03010200", Some("FHKST03010200")),
            Call::MinutesOfDay => route("minute bars of a past day", "/uapi/domestic-stock/v1/quotations/inquire-time-dailychartprice", "FHKST03010230", None),
        }
    }

    /// The call's name in messages.
    pub const fn name(self) -> &'static str {
        self.route().name
    }

    /// The call's path below the base URL.
    pub const fn path(self) -> &'static str {
        self.route().path
    }

    /// The transaction id of the call in an environment; empty for `/oauth2`.
    ///
    /// # Errors
    /// [`KisError::Config`] by name when the environment lacks the call, before anything goes out.
    pub fn tr_id(self, environment: Environment) -> Result<&'static str, KisError> {
        let route = self.route();
        match environment {
            Environment::Real => Ok(route.real),
            Environment::Mock => route.mock.ok_or_else(|| KisError::Config {
                what: format!("{}: the broker's mock environment does not offer this call", route.name),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_mock_lacks_is_refused_by_name_before_the_wire() {
        assert_eq!(Call::Sellable.tr_id(Environment::Real).unwrap(), "TTTC8408R");
        let refused = Call::Sellable.tr_id(Environment::Mock).unwrap_err();
        assert!(refused.to_string().contains("sellable shares"), "{refused}");
    }

    #[test]
    fn orders_have_ids_of_their_own_in_each_environment() {
        assert_eq!(Call::Buy.tr_id(Environment::Real).unwrap(), "TTTC0012U");
        assert_eq!(Call::Sell.tr_id(Environment::Mock).unwrap(), "VTTC0011U");
    }
}
