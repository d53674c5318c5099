//! How long a trade frame takes from text to record.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fsts_kis::decode::{Frame, each_trade};

fn frame(records: usize) -> String {
    let record = "005930^094751^71950^2^1350^1.91^71690.50^71000^72300^70600^72000^71900^1^8305216^595403999350^21115\
        ^28170^7055^136.06^3060313^4163762^5^0.51^29.46^090014^2^950^090708^5^-350^090030^2^1350^20261120^20^N^93994\
        ^113056^1668973^822214^0.14^10584139^78.47^0^^71000^2";
    format!("0|H0STCNT0|{records:03}|{}", vec![record; records].join("^"))
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode_frame");
    for records in [1, 4] {
        let text = frame(records);
        group.throughput(Throughput::Elements(records as u64));
        group.bench_function(format!("trades_{records}"), |bencher| {
            bencher.iter(|| {
                let frame = Frame::split(black_box(&text)).expect("invariant: a good frame");
                each_trade(&frame, |trade| {
                    black_box(trade);
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
