//! Arguments against a tool's schema: the keywords that our own tools and nearly all foreign ones use. What is not
//! understood is not enforced here; the server that owns the tool has the last word.

use serde_json::{Map, Value};

/// Deepest schema that is followed.
const DEPTH_MAX: usize = 16;

/// One sentence that says what to fix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad arguments: {place} {problem}")]
pub struct ArgumentError {
    place: String,
    problem: String,
}

/// Arguments that fit the schema. Missing ones become `{}`, and a JSON text in place of an object is read once; nothing
/// else is guessed.
///
/// # Errors
/// An [`ArgumentError`] that names the first place that doesn't fit.
pub fn prepare_arguments(schema: &Value, given: Value) -> Result<Value, ArgumentError> {
    let arguments = match given {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    };
    check(schema, &arguments, "the arguments", 0)?;
    Ok(arguments)
}

/// Whether a value fits a schema.
pub(super) fn check(schema: &Value, value: &Value, place: &str, depth: usize) -> Result<(), ArgumentError> {
    let wrong = |problem: String| Err(ArgumentError { place: place.to_owned(), problem });
    let Value::Object(rules) = schema else {
        return if schema == &Value::Bool(false) { wrong("are not allowed".to_owned()) } else { Ok(()) };
    };
    if depth > DEPTH_MAX {
        return Ok(());
    }
    if let Some(types) = rules.get("type")
        && !type_fits(types, value)
    {
        return wrong(format!("must be {}", spelled(types)));
    }
    if let Some(Value::Array(options)) = rules.get("enum")
        && !options.contains(value)
    {
        return wrong(format!("must be one of {}", spelled(&Value::Array(options.clone()))));
    }
    if let Some(fixed) = rules.get("const")
        && fixed != value
    {
        return wrong(format!("must be {fixed}"));
    }
    match value {
        Value::Object(fields) => check_object(rules, fields, place, depth),
        Value::Array(items) => check_array(rules, items, place, depth),
        Value::String(text) => check_text(rules, text).or_else(wrong),
        Value::Number(number) => check_number(rules, number.as_f64().unwrap_or_default()).or_else(wrong),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn type_fits(types: &Value, value: &Value) -> bool {
    match types {
        Value::String(name) => is_a(name, value),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(|name| is_a(name, value)),
        _ => true,
    }
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|f| f.fract() == 0.0),
        _ => true,
    }
}

fn spelled(options: &Value) -> String {
    let words = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match options {
        Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
        one => words(one),
    }
}

fn check_object(
    rules: &Map<String, Value>,
    fields: &Map<String, Value>,
    place: &str,
    depth: usize,
) -> Result<(), ArgumentError> {
    let wrong = |problem: String| Err(ArgumentError { place: place.to_owned(), problem });
    let required = rules.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(missing) = required.iter().filter_map(Value::as_str).find(|name| !fields.contains_key(*name)) {
        return wrong(format!("lack \"{missing}\""));
    }
    let none = Map::new();
    let properties = rules.get("properties").and_then(Value::as_object).unwrap_or(&none);
    for (name, value) in fields {
        let named = format!("\"{name:.60}\"");
        match (properties.get(name), rules.get("additionalProperties")) {
            (Some(schema), _) => check(schema, value, &named, depth + 1)?,
            (None, Some(Value::Bool(false))) => {
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                return wrong(format!("have an unknown {named}; known: {}", known.join(", ")));
            }
            (None, Some(schema)) => check(schema, value, &named, depth + 1)?,
            (None, None) => {}
        }
    }
    Ok(())
}

fn check_array(rules: &Map<String, Value>, items: &[Value], place: &str, depth: usize) -> Result<(), ArgumentError> {
    let wrong = |problem: String| Err(ArgumentError { place: place.to_owned(), problem });
    if let Some(least) = rules.get("minItems").and_then(Value::as_u64)
        && (items.len() as u64) < least
    {
        return wrong(format!("needs at least {least} entries"));
    }
    if let Some(most) = rules.get("maxItems").and_then(Value::as_u64)
        && items.len() as u64 > most
    {
        return wrong(format!("takes at most {most} entries"));
    }
    match rules.get("items") {
        Some(schema) => items.iter().try_for_each(|item| check(schema, item, place, depth + 1)),
        None => Ok(()),
    }
}

fn check_text(rules: &Map<String, Value>, text: &str) -> Result<(), String> {
    let length = text.chars().count() as u64;
    if let Some(least) = rules.get("minLength").and_then(Value::as_u64)
        && length < least
    {
        return Err(format!("needs at least {least} characters"));
    }
    if let Some(most) = rules.get("maxLength").and_then(Value::as_u64)
        && length > most
    {
        return Err(format!("takes at most {most} characters"));
    }
    Ok(())
}

fn check_number(rules: &Map<String, Value>, number: f64) -> Result<(), String> {
    if let Some(least) = rules.get("minimum").and_then(Value::as_f64)
        && number < least
    {
        return Err(format!("must be at least {least}"));
    }
    if let Some(most) = rules.get("maximum").and_then(Value::as_f64)
        && number > most
    {
        return Err(format!("must be at most {most}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "symbol": { "type": "string", "minLength": 6, "maxLength": 6 },
                "limit": { "type": "integer", "minimum": 1, "maximum": 20 },
                "kind": { "enum": ["day", "minute"] },
                "tags": { "type": "array", "items": { "type": "string" }, "maxItems": 2 },
            },
            "required": ["symbol"],
            "additionalProperties": false,
        })
    }

    fn refused(given: Value) -> String {
        prepare_arguments(&schema(), given).unwrap_err().to_string()
    }

    #[test]
    fn what_fits_passes_and_one_safe_repair_is_made() {
        let good = json!({ "symbol": "005930", "limit": 20, "kind": "day", "tags": ["a"] });
        assert_eq!(prepare_arguments(&schema(), good.clone()).unwrap(), good);
        assert_eq!(prepare_arguments(&schema(), Value::String(good.to_string())).unwrap(), good);
        assert_eq!(prepare_arguments(&json!({ "type": "object" }), Value::Null).unwrap(), json!({}));
        assert_eq!(prepare_arguments(&json!({ "type": "object" }), json!("")).unwrap(), json!({}));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert_eq!(refused(json!({})), "bad arguments: the arguments lack \"symbol\"");
        assert_eq!(refused(json!({ "symbol": 5930 })), "bad arguments: \"symbol\" must be string");
        assert_eq!(refused(json!([1])), "bad arguments: the arguments must be object");
        assert_eq!(refused(json!("not json")), "bad arguments: the arguments must be object");
        assert!(refused(json!({ "symbol": "005930", "approved": true })).contains("unknown \"approved\""));
        assert!(refused(json!({ "symbol": "005930", "limit": 21 })).contains("at most 20"));
        assert!(refused(json!({ "symbol": "005930", "limit": 1.5 })).contains("must be integer"));
        assert!(refused(json!({ "symbol": "005930", "kind": "week" })).contains("one of day, minute"));
        assert!(refused(json!({ "symbol": "005930", "tags": ["a", "b", "c"] })).contains("at most 2"));
        assert!(refused(json!({ "symbol": "삼성" })).contains("at least 6 characters"));
    }
}
