//! Application keys, tokens, approval keys: who may call, and for how long.

use std::collections::BTreeMap;

use fsts_domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::config::EmuAccount;
use crate::exchange::Exchange;
use crate::http::{HttpReply, HttpRequest};
use crate::mint::Mint;

const TOKEN_LIFE_S: i64 = 24 * 3600;
/// A token younger than this is handed out again.
const TOKEN_REUSE_S: i64 = 6 * 3600;
const TOKEN_SPACING_S: i64 = 60;

/// A refusal of the gateway: code and words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuthFailure(pub(crate) &'static str, pub(crate) &'static str);

const KEY_INVALID: AuthFailure = AuthFailure("EGW00103", "유효하지 않은 AppKey입니다.");
const SECRET_INVALID: AuthFailure = AuthFailure("EGW00105", "유효하지 않은 AppSecret입니다.");
const TOKEN_INVALID: AuthFailure = AuthFailure("EGW00121", "유효하지 않은 token 입니다.");
const TOKEN_MISSING: AuthFailure = AuthFailure("EGW00122", "token을 찾을 수 없습니다.");
const TOKEN_EXPIRED: AuthFailure = AuthFailure("EGW00123", "기간이 만료된 token 입니다.");
const TOKEN_TOO_SOON: AuthFailure = AuthFailure("EGW00133", "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)");
const GRANT_INVALID: AuthFailure = AuthFailure("EGW00114", "유효하지 않은 grant_type입니다.");
const BODY_INVALID: AuthFailure = AuthFailure("EGW00101", "유효하지 않은 요청입니다.");

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Grant {
    app_key: String,
    secret: String,
    issued: Timestamp,
    revoked: bool,
}

/// The tokens and approval keys that were given out.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct KeyRing {
    tokens: Vec<Grant>,
    approvals: Vec<Grant>,
    asked: BTreeMap<String, Timestamp>,
}

impl KeyRing {
    /// The key's token and its issue time: the stored one within six hours, else a new one.
    fn token(&mut self, app_key: &str, now: Timestamp, mint: &mut Mint) -> Result<(String, Timestamp), AuthFailure> {
        if self.asked.get(app_key).is_some_and(|asked| now < asked.plus_s(TOKEN_SPACING_S)) {
            return Err(TOKEN_TOO_SOON);
        }
        self.asked.insert(app_key.to_owned(), now);
        self.tokens.retain(|grant| now < grant.issued.plus_s(2 * TOKEN_LIFE_S));
        let young =
            |grant: &&Grant| grant.app_key == app_key && !grant.revoked && now < grant.issued.plus_s(TOKEN_REUSE_S);
        if let Some(grant) = self.tokens.iter().rev().find(young) {
            return Ok((grant.secret.clone(), grant.issued));
        }
        // The form of a JSON web token: clients must not care what is inside.
        let secret = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.{}.{}", mint.hex(180), mint.hex(86));
        self.tokens.push(Grant { app_key: app_key.to_owned(), secret: secret.clone(), issued: now, revoked: false });
        Ok((secret, now))
    }

    /// Checks the token of a call.
    pub(crate) fn check_bearer(&self, app_key: &str, bearer: Option<&str>, now: Timestamp) -> Result<(), AuthFailure> {
        let token = bearer.and_then(|text| text.split_once(' ')).ok_or(TOKEN_MISSING)?;
        if !token.0.eq_ignore_ascii_case("bearer") {
            return Err(TOKEN_INVALID);
        }
        let token = token.1.trim();
        let known = |grant: &&Grant| grant.app_key == app_key && grant.secret == token;
        match self.tokens.iter().find(known) {
            None => Err(TOKEN_INVALID),
            Some(grant) if grant.revoked => Err(TOKEN_INVALID),
            Some(grant) if now >= grant.issued.plus_s(TOKEN_LIFE_S) => Err(TOKEN_EXPIRED),
            Some(_) => Ok(()),
        }
    }

    /// Voids one token, or all of them as a maintenance does.
    pub(crate) fn revoke(&mut self, token: Option<&str>) -> bool {
        let mut found = false;
        for grant in &mut self.tokens {
            if token.is_none_or(|token| grant.secret == token) {
                found |= !grant.revoked;
                grant.revoked = true;
            }
        }
        found
    }

    fn approve(&mut self, app_key: &str, now: Timestamp, mint: &mut Mint) -> String {
        self.approvals.retain(|grant| now < grant.issued.plus_s(TOKEN_LIFE_S));
        let secret = mint.uuid();
        self.approvals.push(Grant { app_key: app_key.to_owned(), secret: secret.clone(), issued: now, revoked: false });
        secret
    }

    /// The application key that an approval key stands for.
    pub(crate) fn approved(&self, approval_key: &str, now: Timestamp) -> Option<String> {
        let live = |grant: &&Grant| grant.secret == approval_key && now < grant.issued.plus_s(TOKEN_LIFE_S);
        self.approvals.iter().find(live).map(|grant| grant.app_key.clone())
    }
}

/// Checks an application key and its secret.
pub(crate) fn check_keys(accounts: &[EmuAccount], key: &str, secret: &str) -> Result<(), AuthFailure> {
    let mut of_key = accounts.iter().filter(|account| account.app_key == key).peekable();
    if of_key.peek().is_none() {
        return Err(KEY_INVALID);
    }
    if of_key.any(|account| account.app_secret == secret) { Ok(()) } else { Err(SECRET_INVALID) }
}

/// Answers `/oauth2/*` and `/uapi/hashkey`; `None` when the path is none of them.
pub(crate) fn answer(exchange: &mut Exchange, request: &HttpRequest) -> Option<HttpReply> {
    let result = match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/oauth2/tokenP") => issue_token(exchange, request),
        ("POST", "/oauth2/revokeP") => revoke_token(exchange, request),
        ("POST", "/oauth2/Approval") => approve(exchange, request),
        ("POST", "/uapi/hashkey") => hash(exchange, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|AuthFailure(code, text)| {
        HttpReply::json(403, json!({"error_code": code, "error_description": text}).to_string())
    }))
}

/// A field of a JSON body; `None` for a body that is no object or lacks it.
fn field(request: &HttpRequest, name: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    body.get(name)?.as_str().map(str::to_owned)
}

/// The application key, once it and its secret are checked. Clients send them in the body or in the headers.
fn checked_key(exchange: &Exchange, request: &HttpRequest, secret_name: &str) -> Result<String, AuthFailure> {
    let from_header = |name: &str| request.header(name).map(str::to_owned);
    let key = field(request, "appkey").or_else(|| from_header("appkey")).ok_or(BODY_INVALID)?;
    let secret = field(request, secret_name).or_else(|| from_header("appsecret")).ok_or(BODY_INVALID)?;
    check_keys(&exchange.config.accounts, &key, &secret).map(|()| key)
}

fn check_grant(request: &HttpRequest) -> Result<(), AuthFailure> {
    match field(request, "grant_type").as_deref() {
        Some("client_credentials") => Ok(()),
        Some(_) | None => Err(GRANT_INVALID),
    }
}

fn issue_token(exchange: &mut Exchange, request: &HttpRequest) -> Result<HttpReply, AuthFailure> {
    check_grant(request)?;
    let key = checked_key(exchange, request, "appsecret")?;
    let now = exchange.now;
    let (token, issued) = exchange.keys.token(&key, now, &mut exchange.mint)?;
    exchange.accounts_changed();
    let expires = issued.plus_s(TOKEN_LIFE_S);
    let body = json!({
        "access_token": token,
        "access_token_token_expired": wall_clock(expires),
        "token_type": "Bearer",
        "expires_in": expires.since(now) / fsts_domain::NS_PER_S,
    });
    Ok(HttpReply::json(200, body.to_string()))
}

fn revoke_token(exchange: &mut Exchange, request: &HttpRequest) -> Result<HttpReply, AuthFailure> {
    checked_key(exchange, request, "appsecret")?;
    let token = field(request, "token").ok_or(BODY_INVALID)?;
    if !exchange.keys.revoke(Some(&token)) {
        return Err(TOKEN_INVALID);
    }
    exchange.accounts_changed();
    Ok(HttpReply::json(200, json!({"code": 200, "message": "접근토큰 폐기에 성공하였습니다"}).to_string()))
}

fn approve(exchange: &mut Exchange, request: &HttpRequest) -> Result<HttpReply, AuthFailure> {
    check_grant(request)?;
    let key = checked_key(exchange, request, "secretkey")?;
    let approval_key = exchange.keys.approve(&key, exchange.now, &mut exchange.mint);
    exchange.accounts_changed();
    Ok(HttpReply::json(200, json!({"approval_key": approval_key}).to_string()))
}

fn hash(exchange: &Exchange, request: &HttpRequest) -> Result<HttpReply, AuthFailure> {
    let header = |name: &str| request.header(name).unwrap_or_default();
    check_keys(&exchange.config.accounts, header("appkey"), header("appsecret"))?;
    let body: serde_json::Value = serde_json::from_slice(&request.body).map_err(|_| BODY_INVALID)?;
    Ok(HttpReply::json(200, json!({"BODY": body, "HASH": body_hash(&request.body)}).to_string()))
}

/// The hash that `hashkey` hands out over a body's bytes.
pub(crate) fn body_hash(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `YYYY-MM-DD HH:MM:SS` in Korea.
fn wall_clock(at: Timestamp) -> String {
    let s = at.kst_second();
    format!("{} {:02}:{:02}:{:02}", at.kst_day(), s / 3600, s / 60 % 60, s % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_for_six_hours_refused_within_a_minute_and_dead_after_a_day() {
        let (mut ring, mut mint) = (KeyRing::default(), Mint::new(1, 0));
        let start = Timestamp::from_kst("2026-11-20".parse().unwrap(), 9 * 3600);
        let (first, _) = ring.token("k", start, &mut mint).unwrap();
        assert_eq!(ring.token("k", start.plus_s(59), &mut mint), Err(TOKEN_TOO_SOON));
        assert!(ring.token("other", start.plus_s(59), &mut mint).is_ok());
        assert_eq!(ring.token("k", start.plus_s(60), &mut mint).unwrap().0, first);
        let (second, issued) = ring.token("k", start.plus_s(TOKEN_REUSE_S), &mut mint).unwrap();
        assert!(second != first && issued == start.plus_s(TOKEN_REUSE_S));

        let bearer = format!("Bearer {first}");
        let check = |at| ring.check_bearer("k", Some(&bearer), at);
        assert_eq!(check(start.plus_s(TOKEN_LIFE_S - 1)), Ok(()));
        assert_eq!(check(start.plus_s(TOKEN_LIFE_S)), Err(TOKEN_EXPIRED));
        assert_eq!(ring.check_bearer("k", Some("Bearer x"), start), Err(TOKEN_INVALID));
        assert_eq!(ring.check_bearer("k", None, start), Err(TOKEN_MISSING));
        assert_eq!(ring.check_bearer("other", Some(&bearer), start), Err(TOKEN_INVALID));
    }
}
