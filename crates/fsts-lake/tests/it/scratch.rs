//! Small files written for one test.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use fsts_lake::{DataSet, LoadError, LoadOptions, load};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use tempfile::TempDir;

pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Scratch(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn csv(&self, name: &str, text: &str) -> PathBuf {
        self.bytes(name, text.as_bytes())
    }

    pub fn bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn csv_gz(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        let mut gz = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), Default::default());
        gz.write_all(text.as_bytes()).unwrap();
        gz.finish().unwrap();
        path
    }

    pub fn parquet(&self, name: &str, columns: Vec<(&str, ArrayRef)>) -> PathBuf {
        self.parquet_in_groups(name, columns, 1_000_000)
    }

    pub fn parquet_in_groups(&self, name: &str, columns: Vec<(&str, ArrayRef)>, rows: usize) -> PathBuf {
        let path = self.path().join(name);
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows)).build();
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    }
}

pub fn read(path: &Path) -> DataSet {
    load(path, &LoadOptions::default()).unwrap()
}

pub fn fails(path: &Path) -> LoadError {
    load(path, &LoadOptions::default()).unwrap_err()
}

pub fn texts(cells: &[&str]) -> ArrayRef {
    Arc::new(arrow_array::StringArray::from_iter_values(cells))
}

pub fn ints(cells: &[i64]) -> ArrayRef {
    Arc::new(arrow_array::Int64Array::from_iter_values(cells.iter().copied()))
}

/// `symbol day_or_minute open high low close volume`, one line a row.
pub fn shown(data: &DataSet) -> Vec<String> {
    let line = |row: &fsts_lake::Row| {
        let (bar, symbol) = (row.bar, data.symbols[row.symbol as usize].symbol);
        let at = fsts_domain::Timestamp::from_ns(row.at).to_string();
        let (open, high, low, close) = (bar.open, bar.high, bar.low, bar.close);
        format!("{symbol} {} {open} {high} {low} {close} {}", &at[..16], bar.volume)
    };
    data.rows.iter().map(line).collect()
}
