//! Settings that name a secret of AWS instead of holding it, read once at the start.
//!
//! `secretsmanager://NAME`, `secretsmanager://NAME#KEY` and `ssm://NAME` may stand in any variable of ours and in any text of
//! the settings file; they are replaced by their values before anything else looks at the settings.

use std::collections::BTreeMap;
use std::fmt;

use fsts_cloud::{Environment, SecretError, SecretReader, SecretRef};
use secrecy::{ExposeSecret, SecretString};
use toml::{Table, Value};

use super::source::{Sources, variable_of};
use crate::clock::real_now;
use crate::exit::Failure;
use crate::messages::secrets as say;

/// What our variables begin with; those of other programs are not ours to look into.
const OURS: [&str; 9] = ["FSTS_", "DISCORD_", "DATABASE_", "REDIS_", "OPENAI_", "AZURE_", "LLM_", "VECTOR_DB_", "MCP_"];
const NS_PER_S: i64 = 1_000_000_000;

/// The variables `AWS_…` of a process; `Debug` shows names only.
#[derive(Clone, Default)]
pub struct AwsVariables(pub Environment);

impl fmt::Debug for AwsVariables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl AwsVariables {
    /// Those of the environment, and of `.env` where the environment has none of that name.
    pub fn of(sources: &Sources) -> AwsVariables {
        let both = sources.dot_env.iter().chain(&sources.variables);
        AwsVariables(both.filter(|(n, _)| n.starts_with("AWS_")).map(|(n, v)| (n.clone(), v.clone())).collect())
    }

    /// What of them must never be shown.
    pub fn secrets(&self) -> impl Iterator<Item = SecretString> {
        let names = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];
        names.into_iter().filter_map(|name| self.0.get(name)).cloned().map(SecretString::from)
    }
}

/// The secrets that settings named.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// References by the variable or the key of the file that held them.
    pub references: BTreeMap<String, String>,
    /// Their values, so that they can be hidden.
    pub values: Vec<SecretString>,
}

/// Puts values in the place of references.
///
/// # Errors
/// A [`Failure`] with the exit code `config` that names the setting, and never a value.
pub async fn resolve(sources: &mut Sources) -> Result<(), Failure> {
    let mut work = Work { reader: None, aws: AwsVariables::of(sources), named: Named::default() };
    let names: Vec<String> = sources.variables.keys().chain(sources.dot_env.keys()).cloned().collect();
    for name in names.iter().filter(|name| OURS.iter().any(|prefix| name.starts_with(prefix))) {
        // A line of `.env` that the environment overrides is not read.
        let place = if sources.variables.contains_key(name) { &mut sources.variables } else { &mut sources.dot_env };
        if let Some(text) = place.get_mut(name) {
            work.replace(name, text).await?;
        }
    }
    if let Some((_, text)) = &mut sources.file
        && let Ok(mut table) = text.parse::<Table>()
    {
        let before = work.named.values.len();
        let given: Vec<String> = sources.variables.keys().chain(sources.dot_env.keys()).cloned().collect();
        for (key, text) in texts(&mut table) {
            if !given.contains(&variable_of(&key)) {
                work.replace(&key, text).await?;
            }
        }
        // Otherwise the text stays as it was written, so that mistakes in it keep their lines.
        if work.named.values.len() > before {
            *text = table.to_string();
        }
    }
    sources.named = work.named;
    Ok(())
}

struct Work {
    reader: Option<SecretReader>,
    aws: AwsVariables,
    named: Named,
}

impl Work {
    async fn replace(&mut self, setting: &str, text: &mut String) -> Result<(), Failure> {
        let failed = |e: SecretError| Failure::config(say::unreadable(setting, &e));
        let Some(reference) = SecretRef::parse(text.trim()) else { return Ok(()) };
        let reference = reference.map_err(failed)?;
        if self.reader.is_none() {
            let reader = SecretReader::new(self.aws.0.clone(), || real_now().ns() / NS_PER_S);
            self.reader =
                Some(reader.map_err(|cause| failed(SecretError::Aws { reference: reference.clone(), cause }))?);
        }
        let Some(reader) = &self.reader else { return Ok(()) };
        let value = reader.read(&reference).await.map_err(failed)?;
        // A value that was stored with `echo` ends in a line break that belongs to no key.
        let value = SecretString::from(value.expose_secret().trim_end_matches(['\r', '\n']).to_owned());
        value.expose_secret().clone_into(text);
        self.named.references.insert(setting.to_owned(), reference.to_string());
        self.named.values.push(value);
        Ok(())
    }
}

/// All texts of a table with their keys, such as `kis.app_key` and `bots.0.id`.
fn texts(table: &mut Table) -> Vec<(String, &mut String)> {
    let mut found = Vec::new();
    let mut left: Vec<(String, &mut Value)> = table.iter_mut().map(|(key, value)| (key.clone(), value)).collect();
    while let Some((key, value)) = left.pop() {
        match value {
            Value::String(text) => found.push((key, text)),
            Value::Table(inner) => left.extend(inner.iter_mut().map(|(k, v)| (format!("{key}.{k}"), v))),
            Value::Array(items) => left.extend(items.iter_mut().enumerate().map(|(n, v)| (format!("{key}.{n}"), v))),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_a_file_is_found_by_its_key() {
        let mut table: Table =
            "a = 'x'\n[kis]\napp_key = 'y'\n[[bots]]\nid = 'z'\nsymbols = ['1', '2']\n".parse().unwrap();
        let mut keys: Vec<String> = texts(&mut table).into_iter().map(|(key, _)| key).collect();
        keys.sort();
        assert_eq!(keys, ["a", "bots.0.id", "bots.0.symbols.0", "bots.0.symbols.1", "kis.app_key"]);
    }

    #[test]
    fn keys_of_aws_are_not_shown() {
        let variables = AwsVariables([("AWS_SECRET_ACCESS_KEY".to_owned(), "canary".to_owned())].into());
        assert!(!format!("{variables:?}").contains("canary"));
    }
}
