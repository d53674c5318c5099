//! Signature Version 4, for requests whose body is in memory.
//!
//! No path here needs the double encoding that other services ask for: the JSON protocol posts to `/`.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request before it is signed.
#[derive(Debug)]
pub struct Call<'a> {
    pub method: &'static str,
    pub url: &'a Url,
    /// Besides `host` and what signing adds; names in lower case.
    pub headers: &'a [(&'static str, &'a str)],
    pub body: &'a [u8],
}

/// For whom a signature is.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub region: &'a str,
    pub service: &'a str,
}

/// An instant as signatures write it: `20150830T123600Z`.
#[derive(Debug, Clone)]
pub struct Stamp(String);

impl Stamp {
    fn day(&self) -> &str {
        self.0.split('T').next().unwrap_or_default()
    }
}

/// Headers that make a request a signed one: date, token of a lent key, signature.
pub fn headers(
    call: &Call<'_>,
    scope: Scope<'_>,
    credentials: &Credentials,
    at: &Stamp,
) -> Vec<(&'static str, String)> {
    let mut added = vec![("x-amz-date", at.0.clone())];
    if let Some(token) = &credentials.token {
        added.push(("x-amz-security-token", token.expose_secret().to_owned()));
    }
    let mut signed: Vec<(&str, String)> = call.headers.iter().map(|(n, v)| (*n, v.trim().to_owned())).collect();
    signed.push(("host", host(call.url)));
    signed.extend(added.iter().cloned());
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");

    let mut canonical = format!("{}\n{}\n{}\n", call.method, call.url.path(), query(call.url));
    for (name, value) in &signed {
        // Writing to a string can't fail.
        let _infallible = writeln!(canonical, "{name}:{value}");
    }
    let _infallible = write!(canonical, "\n{names}\n{}", hex(&Sha256::digest(call.body)));
    let range = format!("{}/{}/{}/aws4_request", at.day(), scope.region, scope.service);
    let text = format!("{ALGORITHM}\n{}\n{range}\n{}", at.0, hex(&Sha256::digest(canonical.as_bytes())));

    let mut key = format!("AWS4{}", credentials.secret.expose_secret()).into_bytes();
    for part in [at.day(), scope.region, scope.service, "aws4_request"] {
        key = mac(&key, part.as_bytes());
    }
    let signature = hex(&mac(&key, text.as_bytes()));
    let key_id = &credentials.key_id;
    let value = format!("{ALGORITHM} Credential={key_id}/{range}, SignedHeaders={names}, Signature={signature}");
    added.push(("authorization", value));
    added
}

/// The `Host` header as the client will send it: without the scheme's own port.
fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

/// Names and values in order, encoded as signatures want them.
fn query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> = url.query_pairs().map(|(n, v)| (encoded(&n), encoded(&v))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => {
                let _infallible = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("invariant: HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The stamp of an instant in seconds since 1970; AWS takes a signature for some minutes around it.
pub fn stamp(unix_s: i64) -> Stamp {
    let at = jiff::Timestamp::from_second(unix_s).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Stamp(at.strftime("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::test_keys;

    fn signature(call: &Call<'_>, service: &str, token: Option<&str>) -> String {
        let scope = Scope { region: "us-east-1", service };
        let signed = headers(call, scope, &test_keys(token), &Stamp("20150830T123600Z".to_owned()));
        signed.last().unwrap().1.rsplit("Signature=").next().unwrap().to_owned()
    }

    fn call<'a>(method: &'static str, url: &'a Url, headers: &'a [(&'static str, &'a str)], body: &'a str) -> Call<'a> {
        Call { method, url, headers, body: body.as_bytes() }
    }

    /// The cases get-vanilla, get-vanilla-query-order-key-case, post-vanilla and post-x-www-form-urlencoded of the
    /// published test suite, and the worked example of the documentation.
    #[test]
    fn signatures_are_those_of_the_published_cases() {
        let plain = Url::parse("https://example.amazonaws.com/").unwrap();
        let get = signature(&call("GET", &plain, &[], ""), "service", None);
        assert_eq!(get, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        let post = signature(&call("POST", &plain, &[], ""), "service", None);
        assert_eq!(post, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let form = signature(&call("POST", &plain, &form, "Param1=value1"), "service", None);
        assert_eq!(form, "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
        let ordered = Url::parse("https://example.amazonaws.com/?Param2=value2&Param1=value1").unwrap();
        let ordered = signature(&call("GET", &ordered, &[], ""), "service", None);
        assert_eq!(ordered, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
        let iam = Url::parse("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08").unwrap();
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let iam = signature(&call("GET", &iam, &form, ""), "iam", None);
        assert_eq!(iam, "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn a_lent_key_signs_its_token_too() {
        let url = Url::parse("https://example.amazonaws.com/").unwrap();
        let with = signature(&call("GET", &url, &[], ""), "service", Some("token"));
        assert_ne!(with, signature(&call("GET", &url, &[], ""), "service", Some("other")));
    }

    #[test]
    fn an_instant_is_written_as_signatures_want_it() {
        for (unix_s, text) in [(0, "19700101T000000Z"), (1_440_938_160, "20150830T123600Z")] {
            assert_eq!(stamp(unix_s).0, text);
        }
    }
}
