//! Bars from files, as sorted rows with a content hash: what a backtest, a replay or a demo is folded over.
//!
//! - [`load`] reads a file or a folder of `.csv`, `.csv.gz` and `.parquet` files into a [`DataSet`]
//! - [`load_bench_bin`] and [`load_bench_panel`] read the layout of the benchmark generator
//! - [`Lake`] keeps bars at rest, in a folder or an object store, and gives them back as the same [`DataSet`]
//! - [`DataSet::slices`] walks the rows one instant at a time
//!
//! Promises: rows are sorted by (instant, symbol code); no two rows share both; the rows and the [`DataSet::hash`]
//! don't depend on file layout, file order or the number of threads; a bad row is counted and named by file and
//! line, never a panic; a halt (open 0 or volume 0) is no bar; adjusted and traded prices never mix.
//!
//! ```no_run
//! let data = fsts_lake::load("bars".as_ref(), &fsts_lake::LoadOptions::default())?;
//! for slice in data.slices() {
//!     println!("{} bars", slice.len());
//! }
//! # Ok::<(), fsts_lake::LoadError>(())
//! ```

mod bench_bin;
mod cell;
mod columns;
mod csv_file;
mod dataset;
mod error;
mod lake;
mod load;
mod merge;
mod parquet_file;
mod part;
mod price_kind;
mod report;
mod sql;
mod wording;

pub use bench_bin::{load_bench_bin, load_bench_panel};
pub use dataset::{DataSet, Interval, PriceKind, Row};
pub use error::{LoadError, Place};
pub use lake::{Batch, Conflicts, Days, Gap, Lake, LakeError, LakeQuery, Put, Series, market_word, missing_days};
pub use load::{LoadOptions, bar_files, load};
pub use report::{KindReason, LoadReport, Note, RefusalReason, Refused};
pub use sql::{SqlCell, SqlError, SqlQuery, SqlTable};
