//! Files in, sorted bars out.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests may panic too; clippy's exception knows marked functions only"
)]

mod bench_bin;
mod csv_files;
mod dataset;
mod folders;
mod fragile;
mod lake;
mod parquet_files;
mod price_kind;
mod real_data;
mod scratch;
mod sql;
