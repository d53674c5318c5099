//! The words of the program: every text a user sees, in Korean and English.
//!
//! One file per area, one function per sentence. The alerts' own table is `alerts/messages.rs`.

pub mod assistant;
pub mod backtest;
pub mod backup;
pub mod bots;
pub mod data;
pub mod digest;
pub mod emulate;
pub mod help;
pub mod jobs;
pub mod mcp;
pub mod run;
pub mod secrets;
pub mod settings;
pub mod simulations;
pub mod usage;

/// The language a person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// 한국어.
    Ko,
    /// English.
    En,
}

impl Lang {
    /// The language of `--lang`, `FSTS_LANG` or the locale, in this order; Korean where nothing is set.
    pub fn choose(arguments: &[String], variable: impl Fn(&str) -> Option<String>) -> Lang {
        let asked = Lang::of_arguments(arguments).or_else(|| variable("FSTS_LANG"));
        if let Some(asked) = asked {
            return if asked.to_ascii_lowercase().starts_with("en") { Lang::En } else { Lang::Ko };
        }
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|v| !v.is_empty());
        match locale {
            // The C locale says that nobody chose a language.
            Some(locale) if !locale.starts_with("ko") && !locale.starts_with('C') && locale != "POSIX" => Lang::En,
            Some(_) | None => Lang::Ko,
        }
    }

    /// Help and errors of the command line need the language before the command line is understood.
    fn of_arguments(arguments: &[String]) -> Option<String> {
        let joined = arguments.iter().find_map(|a| a.strip_prefix("--lang=").map(str::to_owned));
        joined.or_else(|| {
            let at = arguments.iter().position(|a| a == "--lang")?;
            arguments.get(at + 1).cloned()
        })
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// 한국어.
    pub ko: String,
    /// English.
    pub en: String,
}

impl Text {
    /// A text from its two versions.
    pub fn new(ko: impl Into<String>, en: impl Into<String>) -> Self {
        Text { ko: ko.into(), en: en.into() }
    }

    /// The version for a reader.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ko => &self.ko,
            Lang::En => &self.en,
        }
    }
}

/// A defect of the program: it must be reported.
pub fn bug(what: &str) -> Text {
    Text::new(
        format!("프로그램 오류(bug)입니다. 알려 주십시오: {what}"),
        format!("this is a bug, please report it: {what}"),
    )
}

/// The system didn't do what it always does.
pub fn system(what: &str) -> Text {
    Text::new(format!("시스템 오류입니다: {what}"), format!("the system reports an error: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(arguments: &[&str], variables: &[(&str, &str)]) -> Lang {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        Lang::choose(&arguments, |name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_option_goes_before_the_variable_and_the_variable_before_the_locale() {
        let variables = [("FSTS_LANG", "en"), ("LANG", "ko_KR.UTF-8")];
        assert_eq!(choose(&["--lang", "ko"], &variables), Lang::Ko);
        assert_eq!(choose(&["run", "--lang=en"], &[("FSTS_LANG", "ko")]), Lang::En);
        assert_eq!(choose(&[], &variables), Lang::En);
        assert_eq!(choose(&[], &[("LANG", "en_US.UTF-8")]), Lang::En);
    }

    #[test]
    fn korean_is_spoken_where_nothing_is_chosen() {
        assert_eq!(choose(&[], &[]), Lang::Ko);
        assert_eq!(choose(&[], &[("LANG", "C.UTF-8")]), Lang::Ko);
        assert_eq!(choose(&[], &[("LANG", "ko_KR.UTF-8")]), Lang::Ko);
    }
}
