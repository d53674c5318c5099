//! `fsts reconcile`: our books against the broker's, without changing either.

use std::collections::BTreeMap;

use fsts_domain::{Qty, Symbol};
use fsts_engine::Book;
use fsts_kis::OrderFilter;

use super::plan_of::{Aim, plan, start_failure};
use super::{Context, ReconcileArgs};
use crate::exit::{Exit, Failure};
use crate::messages::run as say;
use crate::output;
use crate::runtime::{recovery, start};
use crate::settings::Settings;

/// One difference.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
struct Difference {
    what: &'static str,
    item: String,
    ours: i64,
    brokers: i64,
}

/// Runs the command.
pub async fn run(args: ReconcileArgs, context: Context) -> Result<(), Failure> {
    let settings = Settings::load(args.config.as_deref()).await?;
    let plan = plan(&settings, args.account.as_deref(), Aim::Look).await?;
    let store = start::open_store(&plan).await.map_err(start_failure)?;
    store.verify(&plan.stream).await.map_err(|e| start_failure(e.into()))?;
    let engine = recovery::recover(&plan, &store).await.map_err(|e| start_failure(e.into()))?;
    let broker = |e: fsts_kis::KisError| Failure::new(Exit::Broker, say::broker(&e.to_string()));
    let day = plan.time.now().kst_day();
    let orders = plan.kis.daily_orders(day, OrderFilter::default()).await.map_err(broker)?;
    let account = plan.kis.balance().await.map_err(broker)?;
    let book = engine.book();
    let mut differences = Vec::new();
    for row in orders.rows().iter().filter(|r| r.original.is_none()) {
        let ours = book.by_number(row.number).and_then(|id| book.order_of_day(id)).map_or(Qty::ZERO, |o| o.filled_qty);
        push(&mut differences, ("filled_qty", row.number.to_string()), (ours.get(), row.filled_qty.get()));
    }
    let holdings: BTreeMap<Symbol, Qty> = account.holdings.iter().map(|h| (h.symbol, h.qty)).collect();
    compare_holdings(book, &holdings, &mut differences);
    push(&mut differences, ("cash", "won".to_owned()), (book.cash().get(), account.cash.get()));
    store.close().await;
    if context.json {
        output::line(&serde_json::json!({ "differences": differences }).to_string());
    } else {
        for d in &differences {
            output::line(&format!("{:<12} {:<12} {:>15} {:>15}", d.what, d.item, d.ours, d.brokers));
        }
    }
    if differences.is_empty() {
        if !context.json {
            output::line(say::reconciled(orders.rows().len(), holdings.len()).get(context.lang));
        }
        return Ok(());
    }
    Err(Failure::new(Exit::Differs, say::differs(differences.len())))
}

fn compare_holdings(book: &Book, theirs: &BTreeMap<Symbol, Qty>, differences: &mut Vec<Difference>) {
    for line in book.lines() {
        let held = theirs.get(&line.symbol).copied().unwrap_or(Qty::ZERO);
        push(differences, ("holding", line.symbol.to_string()), (line.total.qty.get(), held.get()));
    }
    for (symbol, qty) in theirs.iter().filter(|(s, _)| book.ix(**s).is_none()) {
        push(differences, ("holding", symbol.to_string()), (0, qty.get()));
    }
}

fn push(differences: &mut Vec<Difference>, (what, item): (&'static str, String), (ours, brokers): (i64, i64)) {
    if ours != brokers {
        differences.push(Difference { what, item, ours, brokers });
    }
}
