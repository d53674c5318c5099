//! The calls that exist, their transaction ids, and the way of one request through the gateway.

use std::time::Duration;

use crate::auth::{self, AuthFailure};
use crate::config::Environment;
use crate::exchange::Exchange;
use crate::faults::Fault;
use crate::http::{HttpReply, HttpRequest};
use crate::replies::{Refusal, Reply};
use crate::{charts, holidays, inquiry, quotes, trading};

/// A request that passed the gateway.
pub(crate) struct ApiCall<'a> {
    request: &'a HttpRequest,
    body: serde_json::Map<String, serde_json::Value>,
    pub(crate) app_key: String,
    pub(crate) tr_id: &'a str,
}

impl ApiCall<'_> {
    /// A query parameter, or an (upper-case) key of the body; empty when it is missing.
    pub(crate) fn param(&self, name: &str) -> &str {
        let from_body = self.body.get(name).and_then(serde_json::Value::as_str);
        from_body.or_else(|| self.request.query(name)).unwrap_or_default().trim()
    }

    /// A parameter with its spaces: paging keys are fixed in width.
    pub(crate) fn raw_param(&self, name: &str) -> &str {
        self.request.query(name).unwrap_or_default()
    }

    /// True when a further page is asked for.
    pub(crate) fn continues(&self) -> bool {
        self.request.header("tr_cont") == Some("N")
    }
}

type Handler = fn(&mut Exchange, &ApiCall<'_>) -> Result<Reply, Refusal>;

/// One call. Transaction ids: current ones first, then those that may be switched off.
struct Route {
    method: &'static str,
    path: &'static str,
    real: &'static [&'static str],
    mock: &'static [&'static str],
    handler: Handler,
}

const TRADING: &str = "/uapi/domestic-stock/v1/trading/";
const QUOTATIONS: &str = "/uapi/domestic-stock/v1/quotations/";

const fn post(
    path: &'static str,
    real: &'static [&'static str],
    mock: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route { method: "POST", path, real, mock, handler }
}

const fn get(
    path: &'static str,
    real: &'static [&'static str],
    mock: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route { method: "GET", path, real, mock, handler }
}

/// A quotation has one id in both environments.
const fn quote(path: &'static str, tr_id: &'static [&'static str], handler: Handler) -> Route {
    get(path, tr_id, tr_id, handler)
}

const TRADING_ROUTES: [Route; 6] = [
    post(
        "order-cash",
        &["TTTC0012U", "TTTC0011U", "TTTC0802U", "TTTC0801U"],
        &["VTTC0012U", "VTTC0011U", "VTTC0802U", "VTTC0801U"],
        trading::order_cash,
    ),
    post("order-rvsecncl", &["TTTC0013U", "TTTC0803U"], &["VTTC0013U", "VTTC0803U"], trading::revise_or_cancel),
    get(
        "inquire-daily-ccld",
        &["TTTC0081R", "TTTC8001R", "CTSC9215R", "CTSC9115R"],
        &["VTTC0081R", "VTTC8001R", "VTSC9215R", "VTSC9115R"],
        inquiry::daily_orders,
    ),
    get("inquire-balance", &["TTTC8434R"], &["VTTC8434R"], inquiry::balance),
    get("inquire-psbl-sell", &["TTTC8408R"], &[], inquiry::sellable),
    get("inquire-psbl-order", &["TTTC8908R"], &["VTTC8908R"], inquiry::buying_power),
];

const QUOTATION_ROUTES: [Route; 7] = [
    quote("inquire-price", &["FHKST01010100"], quotes::price),
    quote("inquire-asking-price-exp-ccn", &["FHKST01010200"], quotes::asking_price),
    quote("inquire-daily-itemchartprice", &["FHKST03010100"], charts::daily),
    quote("inquire-time-itemchartprice", &["FHKST03010200"], charts::minutes),
    get("inquire-time-dailychartprice", &["FHKST03010230"], &[], charts::past_minutes),
    get("chk-holiday", &["CTCA0903R"], &[], holidays::list),
    get("search-stock-info", &["CTPF1002R"], &[], quotes::stock_info),
];

fn route(request: &HttpRequest) -> Option<&'static Route> {
    let of = |routes: &'static [Route], name: &str| {
        routes.iter().find(|route| route.path == name && route.method == request.method)
    };
    if let Some(name) = request.path.strip_prefix(TRADING) {
        of(&TRADING_ROUTES, name)
    } else {
        of(&QUOTATION_ROUTES, request.path.strip_prefix(QUOTATIONS)?)
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Send this, after so long in real time.
    Reply { reply: HttpReply, after: Duration },
    /// Send nothing, hold the connection for so long and close it.
    Silence { hold: Duration },
}

/// Takes a request through faults, gateway and back end.
pub(crate) fn answer(exchange: &mut Exchange, request: &HttpRequest) -> Outcome {
    let name = request.call_name();
    *exchange.wire.entry(name.to_owned()).or_default() += 1;
    let fault = exchange.faults.take(name);
    let after = match fault {
        Some(Fault::DropRequest { hold }) => return Outcome::Silence { hold },
        Some(Fault::Delay { by }) => by,
        Some(Fault::DropReply { .. } | Fault::Http500) | None => Duration::ZERO,
    };
    let reply = if fault == Some(Fault::Http500) {
        let gt_uid = exchange.request_id();
        Reply::gateway("EGW00002", "서버 에러가 발생했습니다.").to_http(tr_id(request), gt_uid)
    } else {
        match auth::answer(exchange, request) {
            Some(reply) => reply,
            None => api_reply(exchange, request),
        }
    };
    match fault {
        Some(Fault::DropReply { hold }) => Outcome::Silence { hold },
        Some(Fault::DropRequest { .. } | Fault::Http500 | Fault::Delay { .. }) | None => {
            Outcome::Reply { reply, after }
        }
    }
}

fn tr_id(request: &HttpRequest) -> &str {
    request.header("tr_id").unwrap_or_default()
}

fn api_reply(exchange: &mut Exchange, request: &HttpRequest) -> HttpReply {
    let gt_uid = exchange.request_id();
    let reply = match pass_gateway(exchange, request) {
        Ok((route, call)) => {
            (route.handler)(exchange, &call).unwrap_or_else(|refusal| refusal.reply(exchange.config.env))
        }
        Err(reply) => *reply,
    };
    reply.to_http(tr_id(request), gt_uid)
}

/// The checks that come before any back end sees the call.
fn pass_gateway<'a>(
    exchange: &mut Exchange,
    request: &'a HttpRequest,
) -> Result<(&'static Route, ApiCall<'a>), Box<Reply>> {
    let fail = |AuthFailure(code, text)| Box::new(Reply::gateway(code, text));
    let header = |name: &str| request.header(name).unwrap_or_default();
    let key = header("appkey");
    auth::check_keys(&exchange.config.accounts, key, header("appsecret")).map_err(fail)?;
    exchange.keys.check_bearer(key, request.header("authorization"), exchange.now).map_err(fail)?;
    if !exchange.limit.admits(key, exchange.now) {
        return Err(fail(AuthFailure("EGW00201", "초당 거래건수를 초과하였습니다.")));
    }
    let Some(route) = route(request) else {
        return Err(Box::new(Reply::gateway("MCA00124", "없는 서비스 입니다.")));
    };
    let tr_id = tr_id(request);
    let (own, other) = match exchange.config.env {
        Environment::Real => (route.real, route.mock),
        Environment::Mock => (route.mock, route.real),
    };
    if !own.contains(&tr_id) {
        let text = match exchange.config.env {
            Environment::Mock if other.contains(&tr_id) => AuthFailure("EGW02006", "모의투자 TR 이 아닙니다."),
            Environment::Real if other.contains(&tr_id) => AuthFailure("EGW02005", "실전투자 TR 이 아닙니다."),
            Environment::Real | Environment::Mock => AuthFailure("OPSQ0002", "없는 서비스 코드 입니다."),
        };
        return Err(fail(text));
    }
    let body = match (route.method, serde_json::from_slice(&request.body)) {
        ("POST", Ok(serde_json::Value::Object(body))) => body,
        ("POST", _) => {
            return Err(Box::new(Reply::refused("OPSQ9995", "JSON PARSING ERROR : body not found")));
        }
        _ => serde_json::Map::new(),
    };
    // A hash is optional; a wrong one is refused.
    if request.header("hashkey").is_some_and(|hash| !hash.is_empty() && hash != auth::body_hash(&request.body)) {
        return Err(fail(AuthFailure("EGW00131", "유효하지 않은 hashkey입니다.")));
    }
    Ok((route, ApiCall { request, body, app_key: key.to_owned(), tr_id }))
}
