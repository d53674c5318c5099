//! Runs W2 and W7 over a file of the benchmark generator: `run_w2_and_w7_from_a_bench_file FILE.bin`.

use std::path::PathBuf;
use std::process::ExitCode;

use fsts_lab::workload::{START, Workload, run_workload};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: run_w2_and_w7_from_a_bench_file FILE.bin");
        return ExitCode::from(2);
    };
    let data = match fsts_lake::load_bench_bin(&path, None) {
        Ok(data) => data,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    for workload in [Workload::W2, Workload::W7] {
        match run_workload(workload, &data, START) {
            Ok(report) => println!(
                "{workload:?}: {} fills, {} won, trace {}",
                report.trades, report.final_equity, report.trace_hash
            ),
            Err(error) => eprintln!("{error}"),
        }
    }
    ExitCode::SUCCESS
}
