//! Where settings come from: a file, the environment, a `.env` file; and which of them gave which value.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::error::Kind;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::raw::{Raw, RawAccount};
use super::rows::Row;
use super::secrets::{self, AwsVariables, Named};
use crate::exit::Failure;
use crate::messages::settings as say;

const FILE: &str = "fsts.toml";
const DOT_ENV: &str = ".env";
const PREFIX: &str = "FSTS_";

/// How a value is written in an environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Text,
    /// As it is, and never shown.
    Secret,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// As in the file.
    Toml,
}

/// Every key of the file with its form.
pub const KEYS: &[(&str, Form)] = &[
    ("listen", Form::Text),
    ("data_dir", Form::Text),
    ("mode", Form::Text),
    ("api_token", Form::Secret),
    ("session_calendar", Form::Text),
    ("clock", Form::Text),
    ("symbol_master", Form::Text),
    ("decision_log", Form::Flag),
    ("auto_release", Form::Flag),
    ("kis.env", Form::Text),
    ("kis.rest_url", Form::Text),
    ("kis.ws_url", Form::Text),
    ("kis.app_key", Form::Secret),
    ("kis.app_secret", Form::Secret),
    ("kis.account", Form::Secret),
    ("kis.hts_id", Form::Text),
    ("kis.rest_rps", Form::Whole),
    ("kis.order_timeout_ms", Form::Whole),
    ("accounts", Form::Toml),
    ("risk.order_won_max", Form::Whole),
    ("risk.order_qty_max", Form::Whole),
    ("risk.orders_per_minute_max", Form::Whole),
    ("risk.orders_per_day_max", Form::Whole),
    ("risk.open_orders_max", Form::Whole),
    ("risk.stale_after_s", Form::Whole),
    ("simulations.data", Form::Text),
    ("simulations.workers", Form::Whole),
    ("simulations.sets", Form::Toml),
    ("documents", Form::Text),
    ("mcp.offer", Form::Text),
    ("mcp.servers", Form::Toml),
    ("lake.url", Form::Text),
    ("lake.collect", Form::Toml),
    ("lake.intervals", Form::Toml),
    ("log.level", Form::Text),
    ("log.format", Form::Text),
    ("log.keep", Form::Whole),
    ("backup.target", Form::Text),
    ("backup.endpoint", Form::Text),
    ("backup.region", Form::Text),
    ("backup.keep", Form::Whole),
    ("bots", Form::Toml),
    ("jobs", Form::Toml),
];

/// The variable of a key: `kis.app_key` is `FSTS_KIS_APP_KEY`.
pub fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Who gave a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody.
    Default,
    /// A settings file.
    File(String),
    /// An environment variable.
    Variable(String),
    /// A line of `.env`.
    DotEnv(String),
}

/// The texts that settings are read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Name and content of the settings file.
    pub file: Option<(String, String)>,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// The variables of `.env`.
    pub dot_env: BTreeMap<String, String>,
    /// What was named by reference and is in its place now.
    pub named: Named,
}

impl Sources {
    /// The file, environment and `.env` of this process.
    ///
    /// # Errors
    /// A [`Failure`] when a named file can't be read, or others may read its secrets, or a secret that a setting names can't
    /// be had.
    pub async fn of_process(config: Option<&Path>) -> Result<Sources, Failure> {
        let named = config.map(Path::to_path_buf).or_else(|| Some(PathBuf::from(FILE)).filter(|f| f.exists()));
        let mut sources = Sources { variables: std::env::vars().collect(), ..Sources::default() };
        if let Some(path) = named {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path).map_err(|e| Failure::config(say::unreadable(&name, &e)))?;
            sources.file = Some((name, text));
            if sources.secrets_in_file()? {
                only_owner_reads(&path)?;
            }
        }
        if let Ok(text) = std::fs::read_to_string(DOT_ENV) {
            sources.dot_env = dot_env(&text);
            let held = |key: &str| sources.dot_env.get(&variable_of(key)).is_some_and(|v| is_held(v));
            let has_secret = KEYS.iter().any(|(key, form)| *form == Form::Secret && held(key));
            if has_secret {
                only_owner_reads(Path::new(DOT_ENV))?;
            }
        }
        secrets::resolve(&mut sources).await?;
        Ok(sources)
    }

    /// Who gave a setting its value.
    pub fn origin_of(&self, row: &Row) -> Origin {
        let is_key = KEYS.iter().any(|(key, _)| *key == row.key);
        let variable = if is_key { variable_of(row.key) } else { row.key.to_owned() };
        if self.variables.contains_key(&variable) {
            return Origin::Variable(variable);
        }
        if self.dot_env.contains_key(&variable) {
            return Origin::DotEnv(variable);
        }
        let is_in = |text: &str| is_key && Figment::from(Toml::string(text)).find_value(row.key).is_ok();
        match &self.file {
            Some((name, text)) if is_in(text) => Origin::File(name.clone()),
            Some(_) | None => Origin::Default,
        }
    }

    /// The reference that gave a setting its value.
    pub fn reference_of(&self, row: &Row) -> Option<&str> {
        let named = &self.named.references;
        named.get(&variable_of(row.key)).or_else(|| named.get(row.key)).map(String::as_str)
    }

    /// The settings as written.
    pub(super) fn extract(&self) -> Result<Raw, Failure> {
        self.unknown_variable()?;
        let mut figment = Figment::new();
        if let Some((_, text)) = &self.file {
            figment = figment.merge(Toml::string(text));
        }
        for (key, form) in KEYS {
            if let Some(text) = self.variable(&variable_of(key)) {
                figment = figment.merge(Variable { key, value: value_of(key, text, *form)? });
            }
        }
        let mut raw: Raw = figment.extract().map_err(|e| self.explain(&e))?;
        for account in &mut raw.accounts {
            self.override_account(account);
        }
        let old = |name: &str| self.variable(name).filter(|v| !v.is_empty()).map(str::to_owned);
        raw.database_url = old("DATABASE_URL");
        raw.discord = super::discord::VARIABLES.iter().filter_map(|name| Some((*name, old(name)?))).collect();
        let servers = super::mcp::servers(&raw.mcp.servers, old).map_err(Failure::config)?;
        let assistant = crate::services::AssistantSettings::from_variables(old)?.and_servers(servers)?;
        let documents = raw.documents.take().filter(|p| !p.as_os_str().is_empty());
        raw.assistant = crate::services::AssistantSettings { offer: raw.mcp.offer, documents, ..assistant };
        raw.aws = AwsVariables::of(self);
        raw.named.clone_from(&self.named.values);
        Ok(raw)
    }

    /// The variables of one of `[[accounts]]`, so that no secret need stand in the file.
    fn override_account(&self, account: &mut RawAccount) {
        let place = format!("accounts.{}", account.name.replace('-', "_"));
        let given = |key: &str| self.variable(&variable_of(&format!("{place}.{key}"))).map(str::to_owned);
        account.app_key = given("app_key").or(account.app_key.take());
        account.app_secret = given("app_secret").or(account.app_secret.take());
        account.account = given("account").or(account.account.take());
        account.hts_id = given("hts_id").or(account.hts_id.take());
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).or_else(|| self.dot_env.get(name)).map(String::as_str)
    }

    /// A misspelt variable of a section would be a limit ignored. Others belong to tests and scripts.
    fn unknown_variable(&self) -> Result<(), Failure> {
        let known: Vec<String> = KEYS.iter().map(|(key, _)| variable_of(key)).collect();
        let ours = |name: &&String| name.starts_with("FSTS_KIS_") || name.starts_with("FSTS_RISK_");
        let names = self.variables.keys().chain(self.dot_env.keys());
        match names.filter(ours).find(|name| !known.contains(name)) {
            Some(name) => Err(Failure::config(say::unknown_key("the environment", "환경 변수", name))),
            None => Ok(()),
        }
    }

    fn secrets_in_file(&self) -> Result<bool, Failure> {
        let Some((_, text)) = &self.file else { return Ok(false) };
        let figment = Figment::from(Toml::string(text));
        let has = |key: &str| figment.find_value(key).is_ok_and(|v| v.as_str().is_some_and(is_held));
        let accounts = figment.extract_inner::<Vec<Dict>>("accounts").unwrap_or_default();
        let held = |account: &Dict, key: &str| account.get(key).and_then(Value::as_str).is_some_and(is_held);
        let secret = |account: &Dict| ["app_key", "app_secret", "account"].iter().any(|key| held(account, key));
        Ok(KEYS.iter().any(|(key, form)| *form == Form::Secret && has(key)) || accounts.iter().any(secret))
    }

    /// What serde has against the settings, without ever repeating a value: it may be a secret.
    fn explain(&self, error: &figment::Error) -> Failure {
        let file = self.file.as_ref().map_or("", |(name, _)| name.as_str());
        let mut path = error.path.clone();
        Failure::config(match &error.kind {
            Kind::UnknownField(name, _) => {
                if path.last() != Some(name) {
                    path.push(name.clone());
                }
                say::unknown_key(file, file, &path.join("."))
            }
            Kind::UnknownVariant(_, known) => say::not_among(&path.join("."), &known.join(", ")),
            Kind::MissingField(name) => {
                path.push(name.to_string());
                say::missing(&path.join("."))
            }
            Kind::InvalidType(_, expected) => say::wrong_form(&path.join("."), expected),
            Kind::Message(text) => match line_of(text) {
                Some(line) => say::not_toml(file, line),
                None => say::wrong_form(&path.join("."), "another form"),
            },
            _ => say::wrong_form(&path.join("."), "another form"),
        })
    }
}

/// Whether a text is a secret itself; a reference to one may be read by anybody.
fn is_held(text: &str) -> bool {
    !text.is_empty() && fsts_cloud::SecretRef::parse(text).is_none()
}

/// The line of a parse error; the rest of it quotes the file.
fn line_of(text: &str) -> Option<u32> {
    let digits = text.split("at line ").nth(1)?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// One variable as a layer of its own.
struct Variable {
    key: &'static str,
    value: Value,
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(variable_of(self.key))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = self
            .key
            .rsplit('.')
            .fold(self.value.clone(), |value, part| Value::from(Dict::from([(part.to_owned(), value)])));
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

fn value_of(key: &str, text: &str, form: Form) -> Result<Value, Failure> {
    let fail = |expected: &str| Failure::config(say::wrong_form(&variable_of(key), expected));
    match form {
        Form::Text | Form::Secret => Ok(Value::from(text)),
        Form::Whole => text.replace('_', "").parse::<i64>().map(Value::from).map_err(|_| fail("i64")),
        Form::Flag => text.parse::<bool>().map(Value::from).map_err(|_| fail("bool")),
        Form::Toml => {
            let figment = Figment::from(Toml::string(&format!("{key} = {text}")));
            figment.find_value(key).map_err(|_| fail("TOML"))
        }
    }
}

/// Lines `NAME=value`, with `export` and quotes as shells allow them.
fn dot_env(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let value = value.trim();
        let quoted = ['"', '\''].iter().find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
        let bare = || value.split(" #").next().unwrap_or_default().trim_end();
        (!name.starts_with('#')).then(|| (name.trim().to_owned(), quoted.unwrap_or_else(bare).to_owned()))
    };
    text.lines().filter_map(line).collect()
}

fn only_owner_reads(path: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let name = path.display().to_string();
    let meta = std::fs::metadata(path).map_err(|e| Failure::config(say::unreadable(&name, &e)))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(Failure::config(say::others_may_read(&name)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_env_line_may_be_quoted_exported_and_commented() {
        let read = dot_env("# a\nFSTS_MODE=paper\nexport A=\"b c\"\n B = 'd' \nC=e # f\n\nnonsense\n");
        let expected = [("FSTS_MODE", "paper"), ("A", "b c"), ("B", "d"), ("C", "e")];
        assert_eq!(read.len(), expected.len());
        for (name, value) in expected {
            assert_eq!(read.get(name).map(String::as_str), Some(value), "{name}");
        }
    }

    #[test]
    fn a_parse_error_gives_its_line_and_nothing_of_the_file() {
        let sources = Sources {
            file: Some(("f.toml".to_owned(), "listen = \"127.0.0.1:1\"\napi_token = canary-secret\n".to_owned())),
            ..Sources::default()
        };
        let failure = sources.extract().unwrap_err();
        assert!(failure.text.en.contains("line 2"), "{failure:?}");
        assert!(!format!("{failure:?}").contains("canary"));
    }
}
