//! What a foreign tool answered, in whatever shape, as one outcome: text that is safe to show and data where there is
//! some. All of it is a stranger's.

use serde_json::Value;

use super::schema::check;
use crate::tool::{ToolOutcome, ToolStatus};

/// Most text of one result, bytes; the rest is cut and says so.
const TEXT_MAX: usize = 256 * 1024;
/// Text of a result that has none.
const EMPTY: &str = "(빈 결과)";
/// Fields that hold the answer when there is no `content`.
const ANSWERS: [&str; 4] = ["text", "messages", "output", "result"];
/// Deepest answer that is looked into.
const DEPTH_MAX: usize = 8;

/// The outcome of a result as the server sent it; structured content is checked against `output_schema`.
pub fn outcome_of(result: &Value, output_schema: Option<&Value>) -> ToolOutcome {
    let structured = result.get("structuredContent").filter(|s| !s.is_null()).cloned();
    let mut text = clean(&text_of(result, 0));
    if text.trim().is_empty() {
        text = structured.as_ref().map_or_else(|| EMPTY.to_owned(), |s| clean(&s.to_string()));
    }
    let failed = result.get("isError").and_then(Value::as_bool) == Some(true);
    let mut outcome = ToolOutcome {
        status: if failed { ToolStatus::Error } else { ToolStatus::Ok },
        text,
        structured,
        tainted: true,
    };
    if let (false, Some(schema), Some(data)) = (failed, output_schema, &outcome.structured)
        && let Err(error) = check(schema, data, "the structured content", 0)
    {
        outcome.status = ToolStatus::Error;
        outcome.text = format!("The result does not fit the tool's own schema ({error}). {}", outcome.text);
        outcome.structured = None;
    }
    outcome
}

fn text_of(value: &Value, depth: usize) -> String {
    if depth > DEPTH_MAX {
        return String::new();
    }
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => text_of_list(items, depth),
        Value::Object(fields) => {
            if let Some(content) = fields.get("content") {
                return text_of(content, depth + 1);
            }
            if fields.contains_key("type") {
                return text_of_part(value, depth);
            }
            let answer = ANSWERS.iter().find_map(|name| fields.get(*name));
            match answer {
                Some(answer) => text_of(answer, depth + 1),
                None if fields.contains_key("structuredContent") || fields.contains_key("isError") => String::new(),
                None => value.to_string(),
            }
        }
    }
}

/// A list of parts is joined; of a list of messages, the last of a tool or the assistant counts.
fn text_of_list(items: &[Value], depth: usize) -> String {
    let role = |item: &&Value| {
        let name = item.get("role").or_else(|| item.get("type")).and_then(Value::as_str);
        item.get("content").is_some() && matches!(name, Some("tool" | "assistant" | "ai"))
    };
    if let Some(last) = items.iter().rev().find(role) {
        return last.get("content").map(|c| text_of(c, depth + 1)).unwrap_or_default();
    }
    let texts = items.iter().map(|item| text_of(item, depth + 1)).filter(|t| !t.is_empty());
    texts.collect::<Vec<_>>().join("\n")
}

fn text_of_part(part: &Value, depth: usize) -> String {
    let field = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
    match field("type") {
        "text" | "output_text" => field("text").to_owned(),
        kind @ ("image" | "audio") => {
            let bytes = field("data").len() / 4 * 3;
            format!("[{kind} {:.60}, about {bytes} bytes, not shown]", field("mimeType"))
        }
        "resource_link" => link(field("uri")),
        "resource" => match part.get("resource") {
            Some(resource) if resource.get("text").is_some_and(Value::is_string) => {
                text_of(resource.get("text").unwrap_or(&Value::Null), depth + 1)
            }
            Some(resource) => {
                let mime = resource.get("mimeType").and_then(Value::as_str).unwrap_or("binary");
                format!("[embedded {mime:.60}, not shown]")
            }
            None => String::new(),
        },
        other => format!("[part of the unknown kind {other:.40} skipped]"),
    }
}

/// A link is shown and never followed; one that points into this machine or its network is not even shown.
fn link(uri: &str) -> String {
    let host = reqwest::Url::parse(uri).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
    let host = host.and_then(|u| u.host_str().map(str::to_owned));
    let private = host.as_deref().is_none_or(|h| {
        let address = h.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        h == "localhost" || h.ends_with(".local") || h.ends_with(".internal") || address.is_ok_and(|a| is_private(&a))
    });
    if private { "[link not shown]".to_owned() } else { format!("[link {uri:.300}]") }
}

fn is_private(address: &std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        std::net::IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local(),
    }
}

/// Text without what steers a terminal, turns writing around, or is markup, and not longer than a prompt can bear.
pub fn clean(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(TEXT_MAX));
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if kept.len() >= TEXT_MAX {
            kept.push_str("… [cut]");
            break;
        }
        match letter {
            '\u{1b}' => skip_escape(&mut letters),
            '\n' | '\t' => kept.push(letter),
            '<' if letters.peek().is_some_and(|n| n.is_ascii_alphabetic() || matches!(n, '/' | '!')) => {
                skip_tag(&mut letters, &mut kept);
            }
            c if c.is_control() || is_invisible(c) => {}
            c => kept.push(c),
        }
    }
    kept
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// `ESC [ … letter` and its short forms.
fn skip_escape(letters: &mut Letters<'_>) {
    match letters.peek() {
        Some('[') => {
            letters.next();
            while letters.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {}
        }
        Some(']') => while letters.next().is_some_and(|c| c != '\u{7}' && c != '\u{1b}') {},
        _ => drop(letters.next()),
    }
}

/// A tag that is never closed is no tag: its text stays.
fn skip_tag(letters: &mut Letters<'_>, kept: &mut String) {
    let mut ahead = letters.clone();
    for _ in 0..1024 {
        match ahead.next() {
            Some('>') => {
                *letters = ahead;
                return;
            }
            Some('<') | None => break,
            Some(_) => {}
        }
    }
    kept.push('<');
}

fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(value: Value) -> String {
        outcome_of(&value, None).text
    }

    #[test]
    fn every_shape_of_a_result_has_text() {
        let part = json!({ "type": "text", "text": "답" });
        for shape in [
            json!({ "content": [part] }),
            json!({ "content": part }),
            json!([part]),
            part.clone(),
            json!("답"),
            json!({ "content": "답" }),
            json!({ "text": "답" }),
            json!({ "output": "답" }),
            json!({ "result": { "text": "답" } }),
            json!({ "messages": [{ "role": "user", "content": "?" }, { "role": "assistant", "content": "답" }] }),
            json!({ "content": [{ "role": "tool", "content": [part] }, { "role": "user", "content": "x" }] }),
            json!({ "content": [{ "type": "resource", "resource": { "uri": "x://y", "text": "답" } }] }),
        ] {
            assert_eq!(text(shape.clone()), "답", "{shape}");
        }
        for (shape, expected) in [(json!(7), "7"), (json!(true), "true"), (json!({ "a": 1 }), r#"{"a":1}"#)] {
            assert_eq!(text(shape), expected);
        }
        for empty in [json!(null), json!({}), json!({ "content": [] }), json!({ "isError": false }), json!("")] {
            let expected = if empty == json!({}) { "{}" } else { EMPTY };
            assert_eq!(text(empty), expected);
        }
    }

    #[test]
    fn binary_parts_are_described_and_links_into_this_network_are_not_shown() {
        let image = json!({ "content": [{ "type": "image", "mimeType": "image/png", "data": "QUJDRA==" }] });
        assert_eq!(text(image), "[image image/png, about 6 bytes, not shown]");
        let links = |uri: &str| text(json!({ "content": [{ "type": "resource_link", "uri": uri, "name": "n" }] }));
        assert_eq!(links("https://example.com/a"), "[link https://example.com/a]");
        for uri in ["file:///etc/passwd", "http://127.0.0.1/x", "http://10.1.2.3/", "http://[::1]/", "http://localhost"]
        {
            assert_eq!(links(uri), "[link not shown]", "{uri}");
        }
        assert!(text(json!({ "content": [{ "type": "hologram" }] })).contains("unknown kind hologram"));
    }

    #[test]
    fn errors_and_structured_content_are_kept_apart() {
        let schema = json!({ "type": "object", "required": ["price"] });
        let good = json!({ "structuredContent": { "price": 1 }, "content": [] });
        let outcome = outcome_of(&good, Some(&schema));
        assert_eq!((outcome.status, outcome.text.as_str()), (ToolStatus::Ok, r#"{"price":1}"#));
        assert!(outcome.tainted);
        let bad = outcome_of(&json!({ "structuredContent": {}, "content": "가격" }), Some(&schema));
        assert_eq!(bad.status, ToolStatus::Error);
        assert!(bad.text.contains("lack \"price\"") && bad.text.ends_with("가격"), "{}", bad.text);
        let failed = outcome_of(&json!({ "isError": true, "content": "no such company" }), Some(&schema));
        assert_eq!((failed.status, failed.text.as_str()), (ToolStatus::Error, "no such company"));
    }

    #[test]
    fn text_that_steers_a_screen_is_stripped() {
        assert_eq!(clean("a\u{1b}[31mred\u{1b}[0m\u{7}b\r\n\tc"), "aredb\n\tc");
        assert_eq!(clean("\u{202e}abc\u{200b}\u{feff}"), "abc");
        assert_eq!(clean("a <script>x</script> <b>y</b> 3 < 4 <unclosed"), "a x y 3 < 4 <unclosed");
        let long = clean(&"가".repeat(TEXT_MAX));
        assert!(long.len() <= TEXT_MAX + 16 && long.ends_with("[cut]"));
    }
}
