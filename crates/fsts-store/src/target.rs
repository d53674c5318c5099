//! Which database: a SQLite file or a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::StoreError;

/// The name of the SQLite file inside the data directory.
const FILE_NAME: &str = "fsts.db";

/// A database to open. `Debug` and `Display` never show a password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseTarget {
    /// A SQLite file; it is created when missing.
    Sqlite(PathBuf),
    /// A PostgreSQL server by its URL.
    Postgres(String),
}

impl DatabaseTarget {
    /// The database that `DATABASE_URL` names, or `fsts.db` in the data directory when there is none.
    ///
    /// # Errors
    /// [`StoreError::BadTarget`] for a URL of another kind.
    pub fn from_settings(database_url: Option<&str>, data_dir: &Path) -> Result<Self, StoreError> {
        let Some(url) = database_url.map(str::trim).filter(|url| !url.is_empty()) else {
            return Ok(DatabaseTarget::Sqlite(data_dir.join(FILE_NAME)));
        };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(DatabaseTarget::Postgres(url.to_owned()));
        }
        match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            Some(path) if !path.is_empty() && !path.contains(['?', ':']) => Ok(DatabaseTarget::Sqlite(path.into())),
            Some(_) => Err(bad_target(url, "a file path is expected after `sqlite://`")),
            None => Err(bad_target(url, "it must begin with `postgres://`, `postgresql://` or `sqlite://`")),
        }
    }

    /// The URL the driver understands.
    pub(crate) fn driver_url(&self) -> Result<String, StoreError> {
        let path = match self {
            DatabaseTarget::Postgres(url) => return Ok(url.clone()),
            DatabaseTarget::Sqlite(path) => path,
        };
        let absolute = std::path::absolute(path).map_err(|e| bad_target(&self.to_string(), &e.to_string()))?;
        let Some(text) = absolute.to_str() else {
            return Err(bad_target(&self.to_string(), "the path is not valid Unicode"));
        };
        // The driver cuts at `?` and decodes `%`; a folder may be called either.
        let mut url = String::from("sqlite://");
        for c in text.chars() {
            match c {
                '%' => url.push_str("%25"),
                '?' => url.push_str("%3F"),
                '#' => url.push_str("%23"),
                _ => url.push(c),
            }
        }
        url.push_str("?mode=rwc");
        Ok(url)
    }
}

fn bad_target(setting: &str, reason: &str) -> StoreError {
    StoreError::BadTarget { setting: without_password(setting), reason: reason.to_owned() }
}

/// The URL with everything between the scheme and the last `@` replaced, and without its query.
fn without_password(url: &str) -> String {
    let shown = url.split('?').next().unwrap_or_default();
    match (shown.split_once("://"), shown.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        _ => shown.to_owned(),
    }
}

impl fmt::Display for DatabaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DatabaseTarget::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            DatabaseTarget::Postgres(url) => f.write_str(&without_password(url)),
        }
    }
}
impl fmt::Debug for DatabaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<DatabaseTarget, StoreError> {
        DatabaseTarget::from_settings(Some(url), Path::new("data"))
    }

    #[test]
    fn without_a_url_the_data_directory_holds_the_file() {
        let target = DatabaseTarget::from_settings(None, Path::new("data")).unwrap();
        assert_eq!(target, DatabaseTarget::Sqlite(PathBuf::from("data/fsts.db")));
        assert_eq!(parse("  ").unwrap(), target);
    }

    #[test]
    fn a_password_is_never_shown() {
        let target = parse("postgresql://trader:p@ss/w0rd@db.example:5432/fsts?password=again").unwrap();
        for shown in [target.to_string(), format!("{target:?}")] {
            assert_eq!(shown, "postgresql://***@db.example:5432/fsts");
        }
        let refused = parse("mysql://trader:secret@db.example/fsts").unwrap_err().to_string();
        assert!(!refused.contains("secret"), "{refused}");
    }

    #[test]
    fn other_databases_are_refused() {
        for url in ["mysql://a/b", "sqlite::memory:", "sqlite://", "fsts.db"] {
            assert!(matches!(parse(url), Err(StoreError::BadTarget { .. })), "{url}");
        }
    }

    #[test]
    fn odd_characters_of_a_path_reach_the_driver_encoded() {
        let url = DatabaseTarget::Sqlite("/a b/50%?#/fsts.db".into()).driver_url().unwrap();
        assert_eq!(url, "sqlite:///a b/50%25%3F%23/fsts.db?mode=rwc");
    }
}
