//! Checks arguments against the part of JSON Schema that tools use, before anything is called.

use serde_json::{Map, Value};

/// Reads arguments as a model wrote them. An empty text is an empty object, and an object written as text in a text is
/// read once more; nothing else is repaired.
///
/// # Errors
/// One sentence that says what to fix.
pub fn read_arguments(text: &str) -> Result<Map<String, Value>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Map::new());
    }
    let read: Value = serde_json::from_str(text).map_err(|e| format!("the arguments are no valid JSON ({e})"))?;
    let read = match read {
        Value::String(inner) if inner.trim().is_empty() => Value::Object(Map::new()),
        Value::String(inner) => serde_json::from_str(&inner).unwrap_or(Value::String(inner)),
        other => other,
    };
    match read {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        _ => Err("the arguments must be one JSON object".to_owned()),
    }
}

/// Checks a value; the first fault is told with its place.
///
/// # Errors
/// One sentence that says what to fix.
pub fn check(value: &Value, schema: &Value) -> Result<(), String> {
    check_at("arguments", value, schema)
}

fn check_at(place: &str, value: &Value, schema: &Value) -> Result<(), String> {
    let Some(schema) = schema.as_object() else { return Ok(()) };
    if let Some(types) = schema.get("type") {
        let allowed: Vec<&str> = match types {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !allowed.is_empty() && !allowed.iter().any(|t| is_of(value, t)) {
            return Err(format!("{place} must be of type {}", allowed.join(" or ")));
        }
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let list: Vec<String> = choices.iter().map(Value::to_string).collect();
        return Err(format!("{place} must be one of {}", list.join(", ")));
    }
    check_number(place, value, schema)?;
    check_text(place, value, schema)?;
    check_list(place, value, schema)?;
    check_object(place, value, schema)
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        _ => true,
    }
}

fn check_number(place: &str, value: &Value, schema: &Map<String, Value>) -> Result<(), String> {
    let Some(number) = value.as_f64() else { return Ok(()) };
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    if let Some(least) = limit("minimum").filter(|m| number < *m) {
        return Err(format!("{place} must be at least {least}"));
    }
    if let Some(most) = limit("maximum").filter(|m| number > *m) {
        return Err(format!("{place} must be at most {most}"));
    }
    Ok(())
}

fn check_text(place: &str, value: &Value, schema: &Map<String, Value>) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let limit = |name: &str| schema.get(name).and_then(Value::as_u64).map(|n| n as usize);
    let length = text.chars().count();
    if let Some(least) = limit("minLength").filter(|m| length < *m) {
        return Err(format!("{place} must have at least {least} characters"));
    }
    if let Some(most) = limit("maxLength").filter(|m| length > *m) {
        return Err(format!("{place} must have at most {most} characters"));
    }
    Ok(())
}

fn check_list(place: &str, value: &Value, schema: &Map<String, Value>) -> Result<(), String> {
    let Some(items) = value.as_array() else { return Ok(()) };
    let most = schema.get("maxItems").and_then(Value::as_u64);
    if let Some(most) = most.filter(|m| items.len() as u64 > *m) {
        return Err(format!("{place} must have at most {most} entries"));
    }
    let Some(of_items) = schema.get("items") else { return Ok(()) };
    items.iter().enumerate().try_for_each(|(n, item)| check_at(&format!("{place}[{n}]"), item, of_items))
}

fn check_object(place: &str, value: &Value, schema: &Map<String, Value>) -> Result<(), String> {
    let Some(fields) = value.as_object() else { return Ok(()) };
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if let Some(missing) = required.iter().filter_map(Value::as_str).find(|name| !fields.contains_key(*name)) {
        return Err(format!("{place} lacks the field {missing}"));
    }
    let known = schema.get("properties").and_then(Value::as_object);
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, field) in fields {
        match known.and_then(|k| k.get(name)) {
            Some(of_field) => check_at(&format!("{place}.{name}"), field, of_field)?,
            None if closed => return Err(format!("{place} must not have the field {name}")),
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_read_in_the_forms_that_models_write() {
        for text in ["", "{}", "null", "\"\"", "\"{}\"", "  "] {
            assert_eq!(read_arguments(text), Ok(Map::new()), "{text}");
        }
        assert_eq!(read_arguments("\"{\\\"a\\\":1}\"").unwrap()["a"], 1);
        for text in ["[1]", "{\"a\":", "7", "\"hello\""] {
            assert!(read_arguments(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fault_is_told_with_its_place() {
        let schema = json!({"type": "object", "required": ["symbol"], "additionalProperties": false, "properties": {
            "symbol": {"type": "string", "minLength": 6, "maxLength": 6},
            "count": {"type": "integer", "minimum": 1, "maximum": 10},
            "side": {"enum": ["buy", "sell"]},
            "list": {"type": "array", "maxItems": 2, "items": {"type": "string"}},
        }});
        let fault = |value: Value| check(&value, &schema).unwrap_err();
        assert_eq!(check(&json!({"symbol": "005930", "count": 3, "side": "buy", "list": ["a"]}), &schema), Ok(()));
        assert!(fault(json!({})).contains("symbol"));
        assert!(fault(json!({"symbol": 5930})).contains("arguments.symbol must be of type string"));
        assert!(fault(json!({"symbol": "5930"})).contains("at least 6"));
        assert!(fault(json!({"symbol": "005930", "count": 1.5})).contains("integer"));
        assert!(fault(json!({"symbol": "005930", "count": 11})).contains("at most 10"));
        assert!(fault(json!({"symbol": "005930", "side": "hold"})).contains("\"buy\", \"sell\""));
        assert!(fault(json!({"symbol": "005930", "list": [1]})).contains("list[0]"));
        assert!(fault(json!({"symbol": "005930", "approved": true})).contains("approved"));
    }
}
