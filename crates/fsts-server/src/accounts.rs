//! Accounts of one program: the same routes for each, chosen by `?account=`, and a list of all.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{Method, Request, StatusCode, Uri};
use axum::response::Response;
use fsts_domain::Won;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Object, OpenApi, RefOr, Required, Type};

use crate::app::App;
use crate::archive::Archive;
use crate::desk::Desk;
use crate::input::Reader;
use crate::messages::Language;
use crate::metrics::Peer;
use crate::problem::Problem;
use crate::views::{AsOf, KisEnvironment, Mode, ReasonView};

/// Tags of routes that are about one account.
const TAGS: [&str; 6] = ["account", "orders", "controls", "bots", "market", "feed"];
/// Others of the kind.
const PATHS: [&str; 4] = ["/readyz", "/api/v1/status", "/api/v1/trade/buy", "/api/v1/trade/sell"];
/// About all of them.
const LIST: &str = "/api/v1/accounts";
/// Writes that move money: without the first account they are taken only for an account that is named.
const MONEY: [&str; 5] = ["/api/v1/orders", "/api/v1/trade/", "/api/v1/bots", "/api/v1/symbols/", "/api/v1/approvals"];

/// One running account as the server sees it.
#[derive(Clone)]
pub struct Seat {
    /// Its name in settings and addresses.
    pub key: String,
    /// Its engine.
    pub desk: Arc<dyn Desk>,
    /// Its rows.
    pub archive: Arc<dyn Archive>,
}

/// An account that could not be started.
#[derive(Debug, Clone)]
pub struct FailedSeat {
    /// Its name in settings and addresses.
    pub key: String,
    /// Its number, masked.
    pub account: String,
    /// Paper or live.
    pub mode: Mode,
    /// Which servers of the broker.
    pub kis_env: KisEnvironment,
    /// Why, in Korean and English.
    pub why: (String, String),
}

/// All accounts; requests that name none are about the first.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) first: String,
    pub(crate) seats: Vec<Seat>,
    pub(crate) failed: Vec<FailedSeat>,
}

impl Accounts {
    /// One account, called `main`.
    pub fn one(desk: Arc<dyn Desk>, archive: Arc<dyn Archive>) -> Self {
        let first = "main".to_owned();
        Accounts { seats: vec![Seat { key: first.clone(), desk, archive }], first, failed: Vec::new() }
    }

    /// Some accounts of which `first` is the one that needs not be named.
    pub fn several(first: impl Into<String>, seats: Vec<Seat>, failed: Vec<FailedSeat>) -> Self {
        Accounts { first: first.into(), seats, failed }
    }
}

/// How an account is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Its engine runs; `ready` tells whether orders may leave.
    Running,
    /// Its engine has ended by itself; the others go on.
    Ended,
    /// It could not be started; the others go on.
    Failed,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountView {
    /// Its name: what `?account=` takes.
    pub key: String,
    /// Its number, masked to its last two digits.
    pub account: String,
    /// True for the one that is meant when none is named.
    pub is_default: bool,
    /// Real money or paper.
    pub mode: Mode,
    /// Which servers of the broker it talks to.
    pub kis_env: KisEnvironment,
    /// How it is doing.
    pub state: AccountState,
    /// Whether orders may leave.
    pub ready: bool,
    /// Why they may not.
    pub reasons: Vec<ReasonView>,
    /// Whether trading is halted.
    pub halted: bool,
    /// Cash and holdings at their last prices, won; null while unknown.
    #[schema(value_type = Option<i64>)]
    pub equity: Option<Won>,
    /// How recent this is.
    pub as_of: Option<AsOf>,
}

/// All accounts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AccountsView {
    /// In the order of the settings; those that could not be started come last.
    pub accounts: Vec<AccountView>,
}

/// All accounts of the program.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "account", responses((status = 200, body = AccountsView)))]
pub(crate) async fn accounts(State(app): State<App>, Reader(language): Reader) -> Json<AccountsView> {
    let running = app.accounts.seats.iter().map(|seat| {
        let app = app.at(seat);
        let snapshot = app.desk.snapshot();
        let status = app.status(&snapshot, language);
        let state = if app.desk.is_running() { AccountState::Running } else { AccountState::Ended };
        AccountView {
            is_default: seat.key == app.accounts.first,
            key: seat.key.clone(),
            account: status.account,
            mode: status.mode,
            kis_env: status.kis_env,
            state,
            ready: status.ready && state == AccountState::Running,
            reasons: status.reasons,
            halted: status.halted,
            equity: (snapshot.balance.as_of.seq > 0).then_some(snapshot.balance.equity),
            as_of: Some(status.as_of),
        }
    });
    let failed = app.accounts.failed.iter().map(|seat| {
        let message = match language {
            Language::Korean => seat.why.0.clone(),
            Language::English => seat.why.1.clone(),
        };
        AccountView {
            is_default: seat.key == app.accounts.first,
            key: seat.key.clone(),
            account: seat.account.clone(),
            mode: seat.mode,
            kis_env: seat.kis_env,
            state: AccountState::Failed,
            ready: false,
            reasons: vec![ReasonView { code: "account_failed".to_owned(), message }],
            halted: false,
            equity: None,
            as_of: None,
        }
    });
    Json(AccountsView { accounts: running.chain(failed).collect() })
}

/// The names after `account=` in an address; an empty one names none.
fn named(uri: &Uri) -> Vec<String> {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return Vec::new() };
    pairs.into_iter().filter(|(name, key)| name == "account" && !key.is_empty()).map(|(_, key)| key).collect()
}

/// True when a request names its account.
pub(crate) fn is_named(uri: &Uri) -> bool {
    !named(uri).is_empty()
}

/// Refuses a request that names another account than the one it came to: there is none of that name, or it isn't running.
pub(crate) fn check(app: &App, method: &Method, uri: &Uri) -> Result<(), Problem> {
    let names = named(uri);
    let failed = |key: &String| {
        let is_failed = app.accounts.failed.iter().any(|seat| seat.key == *key);
        let (status, code) = match is_failed {
            true => (StatusCode::SERVICE_UNAVAILABLE, "account_failed"),
            false => (StatusCode::NOT_FOUND, "account_not_found"),
        };
        Problem::new(status, code).with("account", key)
    };
    if let Some(other) = names.iter().find(|key| **key != *app.key) {
        return Err(failed(other));
    }
    let moves_money = *method != Method::GET && MONEY.iter().any(|path| uri.path().starts_with(path));
    // Another account may not take what was meant for the first.
    if names.is_empty() && moves_money && *app.key != app.accounts.first {
        return Err(failed(&app.accounts.first));
    }
    Ok(())
}

/// Leads a request to the routes of its account; one that names none, or none of ours, goes to the first.
#[derive(Clone)]
pub(crate) struct Switchboard {
    routes: Arc<[(String, TowerToHyperService<Router>)]>,
    peer: Option<Peer>,
}

impl Switchboard {
    pub(crate) fn new(routers: impl Iterator<Item = (String, Router)>) -> Self {
        let routes = routers.map(|(key, router)| (key, TowerToHyperService::new(router))).collect();
        Switchboard { routes, peer: None }
    }

    /// The same for one connection.
    pub(crate) fn of(&self, peer: IpAddr) -> Self {
        Switchboard { routes: Arc::clone(&self.routes), peer: Some(Peer(peer)) }
    }
}

impl Service<Request<Incoming>> for Switchboard {
    type Response = Response;
    type Error = Infallible;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let names = named(request.uri());
        let of_name = self.routes.iter().find(|(key, _)| names.first() == Some(key));
        let (_, service) = of_name.or(self.routes.first()).expect("invariant: a server has an account");
        service.call(request)
    }
}

/// Adds `?account=` to the description of every route that is about one account.
pub(crate) fn describe(api: &mut OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten().filter(|o| is_of_account(path, o)) {
            let account = ParameterBuilder::new()
                .name("account")
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some("which account, by its name; the first one unless told"))
                .schema(Some(Object::with_type(Type::String)))
                .build();
            operation.parameters.get_or_insert_default().push(RefOr::T(account));
        }
    }
}

fn is_of_account(path: &str, operation: &Operation) -> bool {
    let tagged = operation.tags.iter().flatten().any(|tag| TAGS.contains(&tag.as_str()));
    PATHS.contains(&path) || (tagged && path != LIST)
}
