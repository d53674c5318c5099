//! Words of the domain as the text columns hold them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::StoreError;

/// The text of a value that serializes to one: `buy`, `acked`, `005930`.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        _ => unreachable!("invariant: only values that serialize to text are stored as words"),
    }
}

/// The value of a text column.
pub(crate) fn from_word<T: DeserializeOwned>(row: &AnyRow, column: &str) -> Result<T, StoreError> {
    parse(column, row.try_get(column)?)
}

/// The value of a text column that may be null.
pub(crate) fn from_word_or_null<T: DeserializeOwned>(row: &AnyRow, column: &str) -> Result<Option<T>, StoreError> {
    row.try_get::<Option<String>, _>(column)?.map(|text| parse(column, text)).transpose()
}

/// The value of a text that was read from a column.
pub(crate) fn parse<T: DeserializeOwned>(column: &str, text: String) -> Result<T, StoreError> {
    serde_json::from_value(Value::String(text))
        .map_err(|e| StoreError::Damaged { what: format!("column {column}: {e}") })
}

/// The value of a whole-number column with a range of its own.
pub(crate) fn ranged<T: TryFrom<i64>>(row: &AnyRow, column: &str) -> Result<T, StoreError> {
    let value: i64 = row.try_get(column)?;
    T::try_from(value).map_err(|_| StoreError::Damaged { what: format!("column {column}: {value} is out of range") })
}
