//! Every text that a user may read, in Korean and English, found by its stable code.

mod assistant;
mod backups;
mod bots;
mod indicators;
mod jobs;
mod orders;
mod requests;
mod simulations;
mod states;

/// The language of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// 한국어.
    #[default]
    Korean,
    /// English.
    English,
}

impl Language {
    /// The language that a reader prefers (`Accept-Language`, or one code), if it is one of ours.
    pub fn preferred(accept: &str) -> Option<Language> {
        let weighted = |part: &str| -> Option<(u32, Language)> {
            let mut fields = part.split(';');
            let tag = fields.next()?.trim().to_ascii_lowercase();
            let language = match tag.split('-').next()? {
                "ko" => Language::Korean,
                "en" => Language::English,
                _ => return None,
            };
            let weight = fields.find_map(|f| f.trim().strip_prefix("q=")).map_or(Some(1000), thousandths)?;
            (weight > 0).then_some((weight, language))
        };
        let mut best: Option<(u32, Language)> = None;
        for (weight, language) in accept.split(',').take(20).filter_map(weighted) {
            if best.is_none_or(|(held, _)| weight > held) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// The tag of `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Language::Korean => "ko",
            Language::English => "en",
        }
    }
}

/// A weight such as `0.8` in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    Some((whole.parse::<u32>().ok()? * 1000 + part.parse::<u32>().ok()?).min(1000))
}

/// Title and detail of one code. `{name}` in a detail is replaced by the value of that name.
pub(crate) struct Text {
    pub code: &'static str,
    pub ko: (&'static str, &'static str),
    pub en: (&'static str, &'static str),
}

impl Text {
    pub(crate) const fn title(&self, language: Language) -> &'static str {
        match language {
            Language::Korean => self.ko.0,
            Language::English => self.en.0,
        }
    }

    /// The detail with its values put in.
    pub(crate) fn detail(&self, language: Language, values: &[(&'static str, String)]) -> String {
        let template = match language {
            Language::Korean => self.ko.1,
            Language::English => self.en.1,
        };
        let fill = |text: String, (name, value): &(&'static str, String)| text.replace(&format!("{{{name}}}"), value);
        values.iter().fold(template.to_owned(), fill)
    }
}

/// All tables.
fn all() -> impl Iterator<Item = &'static Text> {
    let first = requests::TABLE.iter().chain(orders::TABLE).chain(states::TABLE);
    first
        .chain(simulations::TABLE)
        .chain(jobs::TABLE)
        .chain(bots::TABLE)
        .chain(assistant::TABLE)
        .chain(indicators::TABLE)
        .chain(backups::TABLE)
}

/// The text of a code.
pub(crate) fn text(code: &str) -> Option<&'static Text> {
    all().find(|text| text.code == code)
}

/// A code in words for a list of reasons; codes without a text, such as a person's own words, stay as they are.
pub(crate) fn words(code: &str, language: Language) -> String {
    text(code).map_or_else(|| code.to_owned(), |text| text.title(language).to_owned())
}

/// A number with separators, as both languages write it.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(template: &str) -> BTreeSet<&str> {
        template.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn every_text_is_complete_in_both_languages_and_names_the_same_values() {
        for text in all() {
            for part in [text.ko.0, text.ko.1, text.en.0, text.en.1] {
                assert!(!part.trim().is_empty(), "{} lacks a text", text.code);
            }
            assert_eq!(placeholders(text.ko.1), placeholders(text.en.1), "{}", text.code);
            assert!(text.ko.0.chars().any(|c| ('가'..='힣').contains(&c)), "{} is not Korean", text.code);
            assert!(!text.en.1.chars().any(|c| ('가'..='힣').contains(&c)), "{} is not English", text.code);
        }
    }

    #[test]
    fn a_code_has_one_text() {
        let mut codes = BTreeSet::new();
        for text in all() {
            assert!(codes.insert(text.code), "{} is twice in the tables", text.code);
        }
    }

    #[test]
    fn the_language_with_the_highest_weight_wins() {
        let cases = [
            ("ko-KR,ko;q=0.9,en;q=0.8", Some(Language::Korean)),
            ("en", Some(Language::English)),
            ("en-US;q=0.5, ko;q=0.7", Some(Language::Korean)),
            ("de, en;q=0.3", Some(Language::English)),
            ("de", None),
            ("", None),
            ("ko;q=0", None),
        ];
        for (accept, language) in cases {
            assert_eq!(Language::preferred(accept), language, "{accept}");
        }
    }

    #[test]
    fn numbers_carry_separators() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
