//! Prints what a file or folder of bars holds: `cargo run -p fsts-lake --example summary -- PATH`.

fn main() -> Result<(), fsts_lake::LoadError> {
    let path = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let path: &std::path::Path = path.as_ref();
    let data = match path.extension() {
        Some(end) if end == "bin" => fsts_lake::load_bench_bin(path, None)?,
        _ => fsts_lake::load(path, &fsts_lake::LoadOptions::default())?,
    };
    let report = &data.report;
    println!("{} bars of {} symbols, {}", data.rows.len(), data.symbols.len(), data.hash_hex());
    if let Some((first, last)) = data.span() {
        println!("{first} to {last}, {} instants", data.slices().count());
    }
    let reason = report.price_kind_reason.as_ref().map(fsts_lake::KindReason::english).unwrap_or_default();
    println!("{:?}, {}: {reason}", data.interval, data.price_kind.as_str());
    let (read, refused, halts) = (report.rows_read, report.rows_refused, report.halts_dropped);
    println!("{read} rows read, {refused} refused, {halts} halts, {} widened", report.rows_widened);
    for refused in &report.refused {
        println!("{}:{} {}", refused.file, refused.line, refused.reason.english());
    }
    for note in &report.notes {
        println!("{}", note.english());
    }
    Ok(())
}
