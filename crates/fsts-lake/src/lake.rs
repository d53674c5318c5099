//! Bars at rest: Parquet files in a folder or an object store, and one manifest that says which of them count.
//!
//! ```text
//! daily/price_kind=traded/year=2024/00000007-9f2c….parquet     a year of daily bars, by code and day
//! minute/price_kind=traded/day=2025-09-01/….parquet            a day of minute bars, by code and time
//! manifest/000000000007.json                                   every partition's file, every series; written last
//! ```
//!
//! A file is never changed: a commit writes new files, then a manifest under the next number, which only one writer can make.
//! Whoever loses that race reads again and merges again. What a kill leaves behind is a file that no manifest names.

mod error;
mod gaps;
mod manifest;
mod merge;
mod partition;
mod read;
mod rows;
mod table;
mod write;

use std::sync::Arc;

use fsts_domain::TradingDay;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};

pub use error::LakeError;
pub use gaps::{Gap, missing_days};
pub use manifest::{Days, Series};
pub use partition::market_word;
pub use read::LakeQuery;
pub(crate) use table::LakeTable;
pub use write::{Batch, Conflicts, Put};

use crate::{Interval, PriceKind};
use manifest::Manifest;

/// A manifest may go between our list and our read when others write; then the list is asked again.
const READS_MAX: u32 = 5;

/// A lake. Clones share the connection.
#[derive(Debug, Clone)]
pub struct Lake {
    /// `None` is a lake that is not there yet, which holds nothing.
    objects: Option<Arc<dyn ObjectStore>>,
    prefix: Key,
    shown: Arc<str>,
}

impl Lake {
    /// The lake of an object store under a prefix; `shown` is how a person knows the place.
    pub fn new(objects: Arc<dyn ObjectStore>, prefix: Key, shown: &str) -> Lake {
        Lake { objects: Some(objects), prefix, shown: shown.into() }
    }

    /// A lake without a place: it holds nothing and takes nothing.
    pub fn absent(shown: &str) -> Lake {
        Lake { objects: None, prefix: Key::default(), shown: shown.into() }
    }

    /// Where it is, without any key.
    pub fn place(&self) -> &str {
        &self.shown
    }

    /// Every series, by interval, price kind and code.
    ///
    /// # Errors
    /// [`LakeError`] when the place does not answer or the manifest is damaged.
    pub async fn catalog(&self) -> Result<Vec<Series>, LakeError> {
        Ok(self.manifest().await?.series)
    }

    /// The newest manifest; an empty one where there is none.
    async fn manifest(&self) -> Result<Manifest, LakeError> {
        for _ in 0..READS_MAX {
            let Some(newest) = self.generations().await?.into_iter().max() else { return Ok(Manifest::default()) };
            if let Some(bytes) = self.read_object(&manifest_name(newest)).await? {
                return Manifest::parse(&bytes, &manifest_name(newest));
            }
        }
        Err(LakeError::Contended)
    }

    /// The numbers of all manifests.
    async fn generations(&self) -> Result<Vec<u64>, LakeError> {
        use futures_util::TryStreamExt;
        let Some(objects) = &self.objects else { return Ok(Vec::new()) };
        let folder = self.key("manifest");
        let listed: Vec<_> = objects.list(Some(&folder)).try_collect().await.map_err(|e| self.failed(&e))?;
        let number = |meta: &object_store::ObjectMeta| meta.location.filename()?.strip_suffix(".json")?.parse().ok();
        Ok(listed.iter().filter_map(number).collect())
    }

    /// An object; `None` where there is none.
    async fn read_object(&self, name: &str) -> Result<Option<bytes::Bytes>, LakeError> {
        let Some(objects) = &self.objects else { return Ok(None) };
        match objects.get(&self.key(name)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(|e| self.failed(&e))?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn key(&self, name: &str) -> Key {
        name.split('/').fold(self.prefix.clone(), |key, part| key.join(part))
    }

    fn failed(&self, error: &object_store::Error) -> LakeError {
        const REASON_CHARS_MAX: usize = 300;
        let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        LakeError::Place { place: self.shown.to_string(), reason: text.chars().take(REASON_CHARS_MAX).collect() }
    }
}

fn manifest_name(generation: u64) -> String {
    format!("manifest/{generation:012}.json")
}

/// The folder of the partition that holds a day.
fn partition_of(interval: Interval, price_kind: PriceKind, day: TradingDay) -> String {
    let kind = price_kind.as_str();
    match interval {
        Interval::Day => format!("daily/price_kind={kind}/year={}", day.ymd().0),
        Interval::Minute => format!("minute/price_kind={kind}/day={day}"),
    }
}
