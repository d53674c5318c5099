//! Bodies, queries and path parts as handlers take them; what does not fit becomes a problem.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use fsts_domain::{IntentId, Symbol};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::App;
use crate::messages::Language;
use crate::problem::Problem;

/// Largest body.
const BODY_MAX: usize = 64 * 1024;

/// The reader's language.
pub(crate) struct Reader(pub Language);

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let accept = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok());
        Ok(Reader(accept.and_then(Language::preferred).unwrap_or(app.language)))
    }
}

/// A JSON object; an absent body is an empty one.
pub(crate) struct Body(pub Map<String, Value>);

impl Body {
    /// Refuses fields that nobody reads.
    pub fn only(&self, fields: &[&str]) -> Result<(), Problem> {
        match self.0.keys().find(|key| !fields.contains(&key.as_str())) {
            Some(unknown) => Err(Problem::bad("unknown_field").with("field", unknown)),
            None => Ok(()),
        }
    }

    /// A field, with `null` as good as absent.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let too_large = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large").with("limit", BODY_MAX);
        let bytes = to_bytes(request.into_body(), BODY_MAX).await.map_err(|_| too_large())?;
        if bytes.is_empty() {
            return Ok(Body(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Body(fields)),
            Ok(_) => Err(Problem::bad("bad_json").with("reason", "not an object")),
            Err(error) => Err(Problem::bad("bad_json").with("reason", error)),
        }
    }
}

/// The values after the question mark.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(values)) => Ok(Asked(values)),
            Err(error) => Err(Problem::bad("bad_query").with("reason", error.body_text())),
        }
    }
}

/// The symbol in the path.
pub(crate) struct OfSymbol(pub Symbol);

impl<S: Send + Sync> FromRequestParts<S> for OfSymbol {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.map(|Path(text)| text).unwrap_or_default();
        text.parse().map(OfSymbol).map_err(|_| Problem::bad("bad_symbol"))
    }
}

/// The order id in the path.
pub(crate) struct OfOrder(pub IntentId);

impl<S: Send + Sync> FromRequestParts<S> for OfOrder {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = Path::<String>::from_request_parts(parts, state).await.map(|Path(text)| text).unwrap_or_default();
        text.parse().map(|id| OfOrder(IntentId(id))).map_err(|_| no_such_order(&text))
    }
}

/// The answer about an order that nobody knows.
pub(crate) fn no_such_order(id: impl ToString) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "order_not_found").with("id", id)
}
