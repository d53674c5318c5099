//! `[lake]`: where bars rest, and what the job `data-collect` fetches into it.

use std::collections::BTreeMap;
use std::path::Path;

use fsts_cloud::TargetSetting;
use fsts_domain::Symbol;
use fsts_lake::Interval;

use super::raw::{RawInterval, RawLake};
use crate::messages::{Text, settings as say};
use crate::services::lake::{LakeDoor, LakeSettings};

/// The settings; sets of symbols are those of the simulations.
pub fn lake(raw: RawLake, data_dir: &Path, sets: &BTreeMap<String, Vec<Symbol>>) -> Result<LakeSettings, Text> {
    let target = match raw.url.filter(|url| !url.is_empty()) {
        Some(url) => TargetSetting::parse(&url).map_err(|_| say::lake_url())?,
        None => TargetSetting::Folder(data_dir.join("lake")),
    };
    let mut symbols = Vec::new();
    for word in raw.collect.iter().flatten() {
        match (sets.get(word), word.parse()) {
            (Some(set), _) => symbols.extend(set.iter().copied()),
            (None, Ok(symbol)) => symbols.push(symbol),
            (None, Err(_)) => return Err(say::lake_symbol(word)),
        }
    }
    symbols.sort_unstable();
    symbols.dedup();
    let interval = |raw: RawInterval| match raw {
        RawInterval::Day => Interval::Day,
        RawInterval::Minute => Interval::Minute,
    };
    let intervals = raw.intervals.map_or(vec![Interval::Day], |list| list.into_iter().map(interval).collect());
    Ok(LakeSettings { door: LakeDoor::new(target), collect: raw.collect.is_some().then_some(symbols), intervals })
}

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, Sources};

    fn read(file: &str) -> Result<(String, usize, usize), String> {
        let sources = Sources { file: Some(("f.toml".to_owned(), file.to_owned())), ..Sources::default() };
        let settings = Settings::read(&sources).map_err(|f| f.text.en)?;
        let lake = settings.lake;
        Ok((lake.door.to_string(), lake.collect.map_or(0, |list| list.len()), lake.intervals.len()))
    }

    #[test]
    fn the_lake_is_in_the_data_folder_unless_it_is_said_to_be_elsewhere() {
        assert_eq!(read(""), Ok(("data/lake".to_owned(), 0, 1)));
        assert_eq!(read("data_dir = 'x'"), Ok(("x/lake".to_owned(), 0, 1)));
        let whole = "[lake]\nurl = 's3://bars/krx'\ncollect = ['semis', '005380', '005930']\nintervals = ['day', 'minute']\n\
                     [simulations]\nsets = { semis = ['005930', '000660'] }\n";
        assert_eq!(read(whole), Ok(("s3://bars/krx".to_owned(), 3, 2)));
        for (wrong, word) in [
            ("url = 'gs://bucket'", "lake.url"),
            ("collect = ['nobody']", "nobody"),
            ("intervals = ['week']", "lake.intervals"),
            ("place = 'x'", "lake.place"),
        ] {
            let said = read(&format!("[lake]\n{wrong}\n")).unwrap_err();
            assert!(said.contains(word), "{wrong}: {said}");
        }
    }
}
