//! Taking bars in: new files first, then the manifest that names them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use fsts_domain::{Symbol, Timestamp};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::manifest::{Days, Manifest, Part, Series, Superseded};
use super::merge::{Merged, Rule, merge};
use super::partition::{Wanted, decode, encode};
use super::rows::{Rows, day_of};
use super::{Lake, LakeError, manifest_name, partition_of};
use crate::{DataSet, Interval, PriceKind};

/// Commits that others may win before ours.
const ATTEMPTS_MAX: u32 = 20;
/// Manifests, and files that they name, that are kept for readers who are in the midst of them.
const GENERATIONS_KEPT: u64 = 3;

/// What becomes of bars that are stored with other prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflicts {
    /// Nothing is stored, and the first of them is told.
    Refuse,
    /// The stored ones stay. Adjusted prices of two adjustments don't mix: there none of the symbol's new bars is stored.
    Keep,
    /// The new ones win. Adjusted prices of two adjustments don't mix: there the symbol's whole stored series goes.
    Replace,
}

/// Bars to store.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The bars; may be none.
    pub data: &'a DataSet,
    /// Where they are from, a short name.
    pub source: &'a str,
    /// What becomes of bars with other prices.
    pub conflicts: Conflicts,
    /// Days that the source answered completely, by symbol.
    pub covered: &'a [(Symbol, Days)],
}

/// What a commit did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Put {
    /// Bars that were not there.
    pub added: u64,
    /// Bars that were there already.
    pub same: u64,
    /// Bars whose prices were replaced.
    pub replaced: u64,
    /// Bars that were left out because stored ones differ.
    pub kept: u64,
    /// Files written.
    pub files: u64,
    /// Number of the manifest that counts now.
    pub generation: u64,
}

/// The partitions of one attempt, merged.
struct Plan {
    merged: BTreeMap<String, Merged>,
    put: Put,
}

impl Lake {
    /// Stores bars; the same bars a second time change nothing.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] when stored bars differ and that is refused; otherwise as the place and its files behave. Then
    /// nothing of the batch counts.
    pub async fn put(&self, batch: &Batch<'_>) -> Result<Put, LakeError> {
        let Some(objects) = self.objects.clone() else {
            let reason = "it is not there".to_owned();
            return Err(LakeError::Place { place: self.shown.to_string(), reason });
        };
        let new = Rows::of(batch.data, batch.source);
        for _ in 0..ATTEMPTS_MAX {
            let before = self.manifest().await?;
            let Some(plan) = self.plan(&before, batch, &new).await? else { continue };
            let mut next = before.clone();
            next.generation += 1;
            note_series(&mut next, batch, &plan);
            let has_changed = plan.merged.values().any(Merged::has_changed);
            if !has_changed && next.series == before.series {
                return Ok(Put { generation: before.generation, ..plan.put });
            }
            let mut put = Put { generation: next.generation, ..plan.put };
            let written = self.write_parts(&*objects, &mut next, (batch.data.interval, &plan.merged)).await?;
            put.files = written.len() as u64;
            let obsolete = retire(&before, &mut next);
            if self.commit(&*objects, &next).await? {
                self.clean(&*objects, &obsolete, next.generation).await;
                return Ok(put);
            }
            // Another writer was first. What we wrote is named by nobody, unless that one wrote the very same.
            let current = self.manifest().await?;
            let named: BTreeSet<&str> = current.parts.values().map(|p| p.object.as_str()).collect();
            let ours: Vec<String> = written.into_iter().filter(|object| !named.contains(object.as_str())).collect();
            self.clean(&*objects, &ours, 0).await;
        }
        Err(LakeError::Contended)
    }

    /// Merges the batch into the partitions it touches; `None` when a file went meanwhile.
    async fn plan(&self, before: &Manifest, batch: &Batch<'_>, new: &Rows) -> Result<Option<Plan>, LakeError> {
        let (interval, kind) = (batch.data.interval, batch.data.price_kind);
        let keep = batch.conflicts == Conflicts::Keep && kind == PriceKind::Traded;
        let touched = by_partition(new, interval, kind);
        let Some(merged) = self.merge_all(before, (interval, new), &touched, Rule { keep, dropped: &[] }).await? else {
            return Ok(None);
        };
        let differing: u64 = merged.values().map(|m| m.differing).sum();
        if differing > 0 && batch.conflicts == Conflicts::Refuse {
            return Err(refused(interval, &merged, differing));
        }
        let put = sums(&merged);
        if kind == PriceKind::Traded || differing == 0 {
            return Ok(Some(Plan { merged, put }));
        }
        // A set in order gives a list in order.
        let others: BTreeSet<Symbol> = merged.values().flat_map(|m| m.conflicting.iter().copied()).collect();
        let others: Vec<Symbol> = others.into_iter().collect();
        if batch.conflicts == Conflicts::Keep {
            let (rest, left_out) = new.without(&others);
            let touched = by_partition(&rest, interval, kind);
            let rule = Rule { keep: false, dropped: &[] };
            let again = self.merge_all(before, (interval, &rest), &touched, rule).await?;
            return Ok(again.map(|merged| Plan { put: Put { kept: left_out, ..sums(&merged) }, merged }));
        }
        let mut all = touched;
        let folder = format!("{}/", folder_of(interval, kind));
        for partition in before.parts.keys().filter(|p| p.starts_with(&folder)) {
            all.entry(partition.clone()).or_default();
        }
        let again = self.merge_all(before, (interval, new), &all, Rule { keep: false, dropped: &others }).await?;
        Ok(again.map(|merged| Plan { merged, put }))
    }

    async fn merge_all(
        &self,
        before: &Manifest,
        (interval, new): (Interval, &Rows),
        partitions: &BTreeMap<String, Vec<Range<usize>>>,
        rule: Rule<'_>,
    ) -> Result<Option<BTreeMap<String, Merged>>, LakeError> {
        let mut all = BTreeMap::new();
        for (partition, ranges) in partitions {
            let stored = match before.parts.get(partition) {
                None => Rows::default(),
                Some(part) => match self.part(interval, part, Wanted::ALL).await? {
                    Some(rows) => rows,
                    None => return Ok(None),
                },
            };
            let rows: Vec<_> =
                ranges.iter().flat_map(|r| new.rows.get(r.clone()).unwrap_or_default()).copied().collect();
            all.insert(partition.clone(), merge(interval, &stored, (&rows, new), rule));
        }
        Ok(Some(all))
    }

    /// The wanted rows of a partition's file; `None` when it went meanwhile.
    pub(super) async fn part(
        &self,
        interval: Interval,
        part: &Part,
        wanted: Wanted<'_>,
    ) -> Result<Option<Rows>, LakeError> {
        let Some(bytes) = self.read_object(&part.object).await? else { return Ok(None) };
        let damaged = |reason| LakeError::Damaged { object: part.object.clone(), reason };
        decode(interval, bytes, wanted).map(Some).map_err(damaged)
    }

    /// Writes the changed partitions and names them; answers the names.
    async fn write_parts(
        &self,
        objects: &dyn ObjectStore,
        next: &mut Manifest,
        (interval, merged): (Interval, &BTreeMap<String, Merged>),
    ) -> Result<Vec<String>, LakeError> {
        let mut written = Vec::new();
        for (partition, merged) in merged.iter().filter(|(_, m)| m.has_changed()) {
            if merged.rows.rows.is_empty() {
                next.parts.remove(partition);
                continue;
            }
            let failed = |reason| LakeError::Damaged { object: partition.clone(), reason };
            let bytes = encode(interval, &merged.rows).map_err(failed)?;
            let hash = blake3::hash(&bytes).to_hex();
            let short: String = hash.chars().take(16).collect();
            let object = format!("{partition}/{:08}-{short}.parquet", next.generation);
            let options = PutOptions { mode: PutMode::Overwrite, ..PutOptions::default() };
            let put = objects.put_opts(&self.key(&object), PutPayload::from(bytes), options).await;
            put.map_err(|e| self.failed(&e))?;
            next.parts.insert(partition.clone(), Part { object: object.clone(), rows: merged.rows.rows.len() as u64 });
            written.push(object);
        }
        Ok(written)
    }

    /// Makes the manifest count; false when another one has its number.
    async fn commit(&self, objects: &dyn ObjectStore, next: &Manifest) -> Result<bool, LakeError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let key = self.key(&manifest_name(next.generation));
        match objects.put_opts(&key, PutPayload::from(next.to_json()), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Removes what nobody can be reading any more; what fails to go is only in the way.
    async fn clean(&self, objects: &dyn ObjectStore, obsolete: &[String], generation: u64) {
        for object in obsolete {
            let _ = objects.delete(&self.key(object)).await;
        }
        let old = self.generations().await.unwrap_or_default();
        for old in old.into_iter().filter(|g| g + GENERATIONS_KEPT < generation) {
            let _ = objects.delete(&self.key(&manifest_name(old))).await;
        }
    }
}

fn folder_of(interval: Interval, kind: PriceKind) -> String {
    let name = match interval {
        Interval::Day => "daily",
        Interval::Minute => "minute",
    };
    format!("{name}/price_kind={}", kind.as_str())
}

/// The stretches of new rows that belong to each partition.
fn by_partition(new: &Rows, interval: Interval, kind: PriceKind) -> BTreeMap<String, Vec<Range<usize>>> {
    let mut partitions: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    let unit = |index: usize| {
        let day = new.rows.get(index).map(|row| day_of(interval, row.slot)).unwrap_or_default();
        match interval {
            Interval::Day => day.ymd().0,
            Interval::Minute => day.epoch_days(),
        }
    };
    let mut start = 0;
    while start < new.rows.len() {
        let own = unit(start);
        let end = (start + 1..new.rows.len()).find(|index| unit(*index) != own).unwrap_or(new.rows.len());
        if let Some(row) = new.rows.get(start) {
            let partition = partition_of(interval, kind, day_of(interval, row.slot));
            partitions.entry(partition).or_default().push(start..end);
        }
        start = end;
    }
    partitions
}

/// The answer to a batch that may not differ.
fn refused(interval: Interval, merged: &BTreeMap<String, Merged>, rows: u64) -> LakeError {
    let first = merged.values().filter_map(|m| m.first_conflict).min();
    let (symbol, slot) = first.expect("invariant: rows that differ have a first one");
    let at = match interval {
        Interval::Day => day_of(interval, slot).to_string(),
        Interval::Minute => Timestamp::from_ns(slot).to_string(),
    };
    LakeError::Conflict { rows, symbol, at }
}

fn sums(merged: &BTreeMap<String, Merged>) -> Put {
    let mut put = Put::default();
    for part in merged.values() {
        put.added += part.added.values().map(|(rows, _)| rows).sum::<u64>();
        put.same += part.same;
        put.replaced += part.replaced;
        put.kept += part.kept;
    }
    put
}

/// Brings the list of series up to the merged partitions and the covered days.
fn note_series(next: &mut Manifest, batch: &Batch<'_>, plan: &Plan) {
    let (interval, kind) = (batch.data.interval, batch.data.price_kind);
    for merged in plan.merged.values() {
        for (symbol, (rows, days)) in &merged.dropped {
            let series = entry(next, Series::new(interval, kind, *symbol));
            series.rows = series.rows.saturating_sub(*rows);
            series.days = series.days.saturating_sub(*days);
            if series.rows == 0 {
                (series.first, series.last) = (None, None);
                series.sources.clear();
            }
        }
    }
    let mut changed: BTreeSet<Symbol> = BTreeSet::new();
    for merged in plan.merged.values() {
        for (symbol, (rows, days)) in &merged.added {
            let series = entry(next, Series::new(interval, kind, *symbol));
            series.rows += rows;
            series.days += days;
            changed.insert(*symbol);
        }
        changed.extend(&merged.conflicting);
    }
    let spans = spans(batch.data);
    for (index, instrument) in batch.data.symbols.iter().enumerate() {
        let Some(Some(span)) = spans.get(index) else { continue };
        if !changed.contains(&instrument.symbol) {
            continue;
        }
        let series = entry(next, Series::new(interval, kind, instrument.symbol));
        let is_latest = series.last.is_none_or(|last| last <= span.to);
        series.first = Some(series.first.map_or(span.from, |first| first.min(span.from)));
        series.last = Some(series.last.map_or(span.to, |last| last.max(span.to)));
        series.note_source(batch.source);
        if is_latest && (series.name.is_empty() || !instrument.name.is_empty()) {
            series.name.clone_from(&instrument.name);
            series.market = instrument.market;
        }
    }
    for (symbol, days) in batch.covered {
        let series = entry(next, Series::new(interval, kind, *symbol));
        series.cover(*days);
        series.note_source(batch.source);
    }
}

fn entry(manifest: &mut Manifest, new: Series) -> &mut Series {
    let at = match manifest.find(&new) {
        Ok(at) => at,
        Err(at) => {
            manifest.series.insert(at, new);
            at
        }
    };
    manifest.series.get_mut(at).expect("invariant: it was found or inserted there")
}

/// First and last day of each symbol of a data set.
fn spans(data: &DataSet) -> Vec<Option<Days>> {
    let mut spans: Vec<Option<Days>> = vec![None; data.symbols.len()];
    for row in &data.rows {
        if let Some(span) = spans.get_mut(row.symbol as usize) {
            let day = row.day();
            *span =
                Some(span.map_or(Days { from: day, to: day }, |s| Days { from: s.from.min(day), to: s.to.max(day) }));
        }
    }
    spans
}

/// Notes which files the new manifest no longer names, and answers those that can go now.
fn retire(before: &Manifest, next: &mut Manifest) -> Vec<String> {
    let generation = next.generation;
    let kept: BTreeSet<&str> = next.parts.values().map(|p| p.object.as_str()).collect();
    let gone = before.parts.values().filter(|p| !kept.contains(p.object.as_str()));
    let gone: Vec<Superseded> = gone.map(|p| Superseded { since: generation, object: p.object.clone() }).collect();
    next.superseded.extend(gone);
    let (go, stay) = std::mem::take(&mut next.superseded)
        .into_iter()
        .partition::<Vec<_>, _>(|s| s.since + GENERATIONS_KEPT < generation);
    next.superseded = stay;
    go.into_iter().map(|s| s.object).collect()
}
