//! A list that was not read to its last page is not complete.

use fsts_engine::{Complete, OrderReport, PageWalk};

fn claim(rows: Vec<OrderReport>) -> Complete<OrderReport> {
    Complete(rows)
}

fn stop_early(mut walk: PageWalk<OrderReport>, page: Vec<OrderReport>) -> Complete<OrderReport> {
    walk.more(page);
    Complete(walk.0)
}

fn main() {}
