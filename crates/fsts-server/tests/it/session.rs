//! Signing in: the first user, sessions and their end, guessing, and what another site's page can't do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use fsts_domain::Timestamp;
use fsts_server::{RealTime, ServerConfig, Services, SignIn};
use fsts_store::Store;
use futures_util::StreamExt;
use reqwest::{Method, RequestBuilder, Response};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::contract::writes;
use crate::place::{Place, TOKEN, loopback, open_on};

const PASSWORD: &str = "a good password";
const MINUTE: i64 = 60;

/// A clock that a test moves; shared by all servers of a test.
#[derive(Clone)]
struct Watch(Arc<AtomicI64>);

impl Watch {
    fn new() -> Self {
        Watch(Arc::new(AtomicI64::new(1_795_000_000)))
    }
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
    fn clock(&self) -> RealTime {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || Timestamp::from_ns(seconds.load(Ordering::SeqCst) * 1_000_000_000))
    }
}

async fn config(store: &Store, watch: &Watch) -> (ServerConfig, Option<String>) {
    let sign_in = SignIn::open(store.clone(), watch.clock()).await.unwrap();
    let code = sign_in.setup_code().map(|code| code.expose_secret().to_owned());
    #[allow(clippy::needless_update, reason = "the other parts are off, however many there are")]
    let services = Services { sign_in: Some(Arc::new(sign_in)), ..Services::default() };
    let config = ServerConfig {
        api_token: Some(TOKEN.into()),
        allowed_hosts: vec!["desk.example".to_owned()],
        services,
        ..ServerConfig::new(loopback())
    };
    (config, code)
}

/// A server without a user, and its code.
async fn fresh() -> (Place, Watch, String) {
    let watch = Watch::new();
    let mut code = None;
    let place = open_on(async |store: &Store| {
        let (config, drawn) = config(store, &watch).await;
        code = drawn;
        config
    })
    .await;
    (place, watch, code.unwrap())
}

/// What a browser holds after signing in.
#[derive(Clone)]
struct Browser {
    cookie: String,
    csrf: String,
}

fn door(place: &Place, which: &str, body: &Value) -> RequestBuilder {
    let own = format!("http://{}", place.address);
    let request = place.client.post(place.url(&format!("/api/v1/session/{which}")));
    request.header("Origin", own).header("Idempotency-Key", "door").json(body)
}

async fn opened(response: Response) -> Browser {
    assert_eq!(response.status().as_u16(), 200);
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(set.contains(word), "{set}");
    }
    let view: Value = response.json().await.unwrap();
    assert_eq!(view["signed_in"], true);
    Browser { cookie: set.split(';').next().unwrap().to_owned(), csrf: view["csrf"].as_str().unwrap().to_owned() }
}

async fn set_up(place: &Place, code: &str) -> Browser {
    let body = json!({"code": code, "user": "kim", "password": PASSWORD});
    opened(door(place, "setup", &body).send().await.unwrap()).await
}

async fn log_in(place: &Place) -> Browser {
    opened(door(place, "login", &json!({"user": "kim", "password": PASSWORD})).send().await.unwrap()).await
}

async fn guess(place: &Place, password: &str) -> (u16, Value) {
    let response = door(place, "login", &json!({"user": "kim", "password": password})).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

impl Browser {
    async fn get(&self, place: &Place, path: &str) -> u16 {
        let request = place.client.get(place.url(path)).header("Cookie", &self.cookie);
        request.send().await.unwrap().status().as_u16()
    }

    /// A read while somebody is at the page.
    async fn look(&self, place: &Place) -> u16 {
        let request = place.client.get(place.url("/api/v1/balance")).header("Cookie", &self.cookie);
        request.header("X-User-Active", "1").send().await.unwrap().status().as_u16()
    }

    fn write(&self, place: &Place, method: Method, path: &str) -> RequestBuilder {
        let request = place.client.request(method, place.url(path)).header("Cookie", &self.cookie);
        let own = format!("http://{}", place.address);
        request.header("X-CSRF-Token", &self.csrf).header("Origin", own).header("Idempotency-Key", "own")
    }

    async fn halt(&self, place: &Place) -> u16 {
        let request = self.write(place, Method::POST, "/api/v1/halt").json(&json!({}));
        request.send().await.unwrap().status().as_u16()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_user_is_made_with_the_code_and_once() {
    let (place, _, code) = fresh().await;
    let session = place.read("/api/v1/session").await;
    assert_eq!((&session["signed_in"], &session["setup_needed"]), (&json!(false), &json!(true)));
    assert_eq!(place.get("/api/v1/balance").await.status().as_u16(), 200, "reads are open until there is a user");

    let refused = [
        (json!({"code": "00000-00000", "user": "kim", "password": PASSWORD}), 401, "bad_setup_code"),
        (json!({"code": code, "user": "kim", "password": "short"}), 400, "weak_password"),
        (json!({"code": code, "user": "a b", "password": PASSWORD}), 400, "bad_user_name"),
    ];
    for (body, status, problem) in refused {
        let response = door(&place, "setup", &body).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{problem}");
        assert!(!response.headers().contains_key("set-cookie"));
        assert_eq!(response.json::<Value>().await.unwrap()["code"], problem);
    }
    let browser = set_up(&place, &code.to_lowercase().replace('-', "")).await;
    let body = json!({"code": code, "user": "lee", "password": PASSWORD});
    assert_eq!(door(&place, "setup", &body).send().await.unwrap().status().as_u16(), 409);

    assert_eq!(browser.get(&place, "/api/v1/balance").await, 200);
    assert_eq!(browser.halt(&place).await, 200);
    assert_eq!(place.get("/api/v1/balance").await.status().as_u16(), 401, "strangers read no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_user_every_read_needs_rights_but_the_page_itself() {
    let (place, _, code) = fresh().await;
    let browser = set_up(&place, &code).await;
    let api: Value = serde_json::from_str(&fsts_server::openapi_json()).unwrap();
    let mut asked = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        if !methods.as_object().unwrap().contains_key("get") {
            continue;
        }
        let filled = path.replace("{id}", "1").replace("{symbol}", "005930");
        let told = ["/healthz", "/readyz", "/health", "/metrics", "/openapi.json", "/docs", "/api/v1/session"];
        let stranger = place.get(&filled).await.status().as_u16();
        assert_eq!(stranger != 401, told.contains(&path.as_str()), "{path} got {stranger}");
        asked += 1;
    }
    assert!(asked > 10, "{asked}");
    for path in ["/", "/orders", "/chart/005930", "/healthz", "/docs/page.js"] {
        assert_eq!(place.get(path).await.status().as_u16(), 200, "{path}");
    }
    assert_eq!(place.get("/no-such-address").await.status().as_u16(), 401, "what isn't known isn't open");
    let program = place.client.get(place.url("/api/v1/balance")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(program.status().as_u16(), 200, "a program reads with its token");
    let wrong = place.client.get(place.url("/api/v1/balance")).bearer_auth("0".repeat(32));
    let wrong = wrong.header("Cookie", &browser.cookie).send().await.unwrap();
    assert_eq!(wrong.status().as_u16(), 401, "a wrong token isn't made good by a cookie");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_write_of_a_session_is_refused_everywhere_and_leaves_no_record() {
    let (place, _, code) = fresh().await;
    let browser = set_up(&place, &code).await;
    let own = format!("http://{}", place.address);
    let before = place.desk.records();
    for (method, path, body) in writes() {
        let method: Method = method.parse().unwrap();
        let bare = || place.client.request(method.clone(), place.url(&path)).header("Idempotency-Key", "spoilt");
        let cookie = || bare().header("Cookie", &browser.cookie);
        let whole = || cookie().header("X-CSRF-Token", &browser.csrf);
        let same = |r: RequestBuilder| r.header("Origin", &own);
        let spoilt = [
            ("no cookie", same(bare()).header("X-CSRF-Token", &browser.csrf).json(&body)),
            ("another cookie", same(bare()).header("Cookie", "fsts_session=0").json(&body)),
            ("no csrf", same(cookie()).json(&body)),
            ("wrong csrf", same(cookie()).header("X-CSRF-Token", "0".repeat(64)).json(&body)),
            ("two csrf", same(whole()).header("X-CSRF-Token", &browser.csrf).json(&body)),
            ("foreign origin", whole().header("Origin", "http://evil.example").json(&body)),
            ("null origin", whole().header("Origin", "null").json(&body)),
            ("cross site", whole().header("Sec-Fetch-Site", "cross-site").json(&body)),
            ("plain text", same(whole()).header("Content-Type", "text/plain").body(body.to_string())),
            ("form", same(whole()).header("Content-Type", "application/x-www-form-urlencoded").body("qty=1")),
            ("wrong host", whole().header("Host", "rebound.example").json(&body)),
        ];
        // Who comes to the doors has no cookie yet; there the password decides, and set-up is over.
        let door = matches!(path.as_str(), "/api/v1/session/setup" | "/api/v1/session/login");
        for (how, request) in spoilt {
            if door && ["no cookie", "another cookie", "no csrf", "wrong csrf", "two csrf"].contains(&how) {
                continue;
            }
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            assert!((400..500).contains(&status), "{method} {path} with {how} got {status}");
            assert!(!response.headers().contains_key("set-cookie"), "{method} {path} with {how}");
        }
    }
    assert_eq!(place.desk.records(), before, "a refused write must not reach the engine");
    assert_eq!(browser.get(&place, "/api/v1/balance").await, 200, "and must not end the session");
    assert_eq!(browser.halt(&place).await, 200, "the same write unspoilt is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_unused_after_half_an_hour_and_used_after_twelve() {
    let (place, watch, code) = fresh().await;
    set_up(&place, &code).await;
    let idle = log_in(&place).await;
    watch.pass(29 * MINUTE);
    assert_eq!(idle.get(&place, "/api/v1/balance").await, 200);
    watch.pass(2 * MINUTE);
    assert_eq!(idle.get(&place, "/api/v1/balance").await, 401, "a page that only refreshes itself is no use");
    assert_eq!(idle.halt(&place).await, 401);

    let used = log_in(&place).await;
    for _ in 0..(12 * 60 / 25) {
        watch.pass(25 * MINUTE);
        assert_eq!(used.look(&place).await, 200);
    }
    watch.pass(21 * MINUTE);
    assert_eq!(used.look(&place).await, 401, "twelve hours are the end whatever happens");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_changes_the_token_and_signing_out_ends_it_at_the_server() {
    let (place, _, code) = fresh().await;
    let first = set_up(&place, &code).await;
    let again = door(&place, "login", &json!({"user": "kim", "password": PASSWORD}));
    let second = opened(again.header("Cookie", &first.cookie).send().await.unwrap()).await;
    assert!(first.cookie != second.cookie && first.csrf != second.csrf);
    assert_eq!(first.get(&place, "/api/v1/balance").await, 401, "the former token is worth nothing");
    let crossed = Browser { csrf: first.csrf.clone(), ..second.clone() };
    assert_eq!(crossed.halt(&place).await, 403, "each session has its own");

    let out = second.write(&place, Method::POST, "/api/v1/session/logout").json(&json!({})).send().await.unwrap();
    assert_eq!(out.status().as_u16(), 200);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(second.get(&place, "/api/v1/balance").await, 401, "a kept cookie opens nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_a_program_goes_on() {
    let (place, watch, code) = fresh().await;
    set_up(&place, &code).await;
    watch.pass(2 * 3600);
    let mut answers = Vec::new();
    for n in 0..8 {
        answers.push(guess(&place, &format!("wrong password {n}")).await.0);
    }
    assert_eq!(answers, [401, 401, 401, 401, 401, 429, 429, 429]);
    let (status, problem) = guess(&place, PASSWORD).await;
    assert_eq!((status, &problem["code"]), (429, &json!("too_many_attempts")), "the right one waits too");
    let stranger = door(&place, "login", &json!({"user": "lee", "password": PASSWORD})).send().await.unwrap();
    assert_eq!(stranger.headers()["retry-after"], "30");
    assert_eq!(place.post("/api/v1/halt", "k", json!({})).await.0.as_u16(), 200, "the token still stops trading");

    watch.pass(31);
    let mut again = Vec::new();
    for n in 0..5 {
        again.push(guess(&place, &format!("wrong again {n}")).await.0);
    }
    assert_eq!(again, [401, 401, 401, 401, 429]);
    watch.pass(59);
    assert_eq!(guess(&place, PASSWORD).await.0, 429, "the second wait is longer");
    watch.pass(2);
    assert_eq!(guess(&place, PASSWORD).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_name_and_a_wrong_password_are_the_same_answer() {
    let (place, _, code) = fresh().await;
    set_up(&place, &code).await;
    let wrong = guess(&place, "not the password").await;
    let body = json!({"user": "nobody", "password": PASSWORD});
    let unknown = door(&place, "login", &body).send().await.unwrap();
    assert_eq!(unknown.status().as_u16(), wrong.0);
    let unknown: Value = unknown.json().await.unwrap();
    assert_eq!((&unknown["code"], &unknown["detail"]), (&wrong.1["code"], &wrong.1["detail"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_sessions_and_the_database_holds_no_token() {
    let (mut place, watch, code) = fresh().await;
    let browser = set_up(&place, &code).await;
    let (config, code) = config(&place.store, &watch).await;
    assert_eq!(code, None, "no code once there is a user");
    place.restart(config).await;
    assert_eq!(browser.get(&place, "/api/v1/balance").await, 200);
    assert_eq!(browser.halt(&place).await, 200);
    let token = browser.cookie.split_once('=').unwrap().1;
    let file = match place.store.target() {
        fsts_store::DatabaseTarget::Sqlite(path) => path.clone(),
        fsts_store::DatabaseTarget::Postgres(_) => unreachable!("this place is SQLite"),
    };
    place.close().await;
    place.store.close().await;
    for name in [file.clone(), file.with_extension("db-wal")] {
        let Ok(bytes) = std::fs::read(&name) else { continue };
        for secret in [token, browser.csrf.as_str(), PASSWORD] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{}", name.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_name_of_its_own_the_cookie_stays_on_tls() {
    let (place, _, code) = fresh().await;
    let body = json!({"code": code, "user": "kim", "password": PASSWORD});
    let request = place.client.post(place.url("/api/v1/session/setup")).header("Host", "desk.example");
    let request = request.header("Origin", "https://desk.example").header("Idempotency-Key", "door").json(&body);
    let response = request.send().await.unwrap();
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-fsts_session=") && set.contains("; Secure"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let named = place.client.get(place.url("/api/v1/balance")).header("Host", "desk.example");
    assert_eq!(named.header("Cookie", cookie).send().await.unwrap().status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_needs_rights_too_and_ends_with_the_session() {
    let (place, _, code) = fresh().await;
    let browser = set_up(&place, &code).await;
    let url = format!("ws://{}/api/v1/feed", place.address);
    assert!(tokio_tungstenite::connect_async(&url).await.is_err(), "strangers hear nothing");

    let mut request = url.as_str().into_client_request().unwrap();
    let offer = format!("fsts.feed, bearer.{TOKEN}");
    request.headers_mut().insert("sec-websocket-protocol", offer.parse().unwrap());
    let (mut program, answer) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "fsts.feed", "the token doesn't come back");
    assert!(program.next().await.unwrap().unwrap().is_text());

    let mut request = url.as_str().into_client_request().unwrap();
    request.headers_mut().insert("cookie", browser.cookie.parse().unwrap());
    let (mut feed, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert!(feed.next().await.unwrap().unwrap().is_text());
    let out = browser.write(&place, Method::POST, "/api/v1/session/logout").json(&json!({})).send().await.unwrap();
    assert_eq!(out.status().as_u16(), 200);
    let closed = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            match feed.next().await {
                Some(Ok(message)) if message.is_close() => break,
                None | Some(Err(_)) => break,
                Some(Ok(_)) => {}
            }
        }
    });
    closed.await.expect("the feed ends with its session");
}
