//! Records of every released version stay readable.

use std::path::Path;

use fsts_store::{NewRecord, StoredRecord};

use crate::story::eventful_day;

/// The day of [`eventful_day`] as version 1 wrote it, one payload a line. Until the first release the file may be
/// written again (`FSTS_WRITE_GOLDEN=1`); afterwards it may only be added to by files of later versions.
#[test]
fn records_of_version_1_read_as_they_were_meant() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/records_v1.ndjson");
    let mut day = eventful_day();
    day.end_day();
    if std::env::var("FSTS_WRITE_GOLDEN").is_ok() {
        let lines: Vec<String> = day.entries.iter().map(|e| NewRecord::of(e).payload + "\n").collect();
        std::fs::write(&path, lines.concat()).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), day.entries.len());
    for (line, entry) in text.lines().zip(&day.entries) {
        let stored = StoredRecord {
            seq: entry.seq,
            run_id: "run-1".to_owned(),
            fence: 1,
            at_ns: entry.at.ns(),
            version: 1,
            payload: line.to_owned(),
            crc: 0,
            hash: String::new(),
        };
        assert_eq!(stored.entry().unwrap(), *entry, "{line}");
    }
}
