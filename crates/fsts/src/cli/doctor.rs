//! `fsts doctor`: what a run needs, checked one by one.

use fsts_kis::OrderFilter;

use super::plan_of::{Aim, plans, start_failure};
use super::{Context, DoctorArgs};
use crate::clock::real_now;
use crate::exit::{Exit, Failure};
use crate::messages::{Lang, Text, run as say};
use crate::output;
use crate::runtime::{Plan, recovery, start};
use crate::settings::Settings;

/// Collects what was found; the first failure decides the exit code.
struct Findings {
    lang: Lang,
    json: bool,
    lines: Vec<serde_json::Value>,
    first: Option<Failure>,
}

impl Findings {
    fn good(&mut self, text: &Text) {
        self.line(true, text);
    }

    fn bad(&mut self, failure: Failure) {
        self.line(false, &failure.text);
        self.first.get_or_insert(failure);
    }

    fn line(&mut self, ok: bool, text: &Text) {
        if self.json {
            self.lines.push(serde_json::json!({ "ok": ok, "message": text.get(self.lang) }));
        } else {
            output::line(&format!("{} {}", if ok { "✓" } else { "✗" }, text.get(self.lang)));
        }
    }
}

/// Runs the command.
pub async fn run(args: DoctorArgs, context: Context) -> Result<(), Failure> {
    let mut findings = Findings { lang: context.lang, json: context.json, lines: Vec::new(), first: None };
    let settings = Settings::load(args.config.as_deref()).await?;
    findings.good(&say::check("설정", "settings", settings.mode.name()));
    let plans = plans(&settings, Aim::Look).await?;
    let several = plans.len() > 1;
    for (n, plan) in plans.iter().enumerate() {
        if n == 0 {
            findings.good(&say::check("시장 시각", "market time", &plan.time.now().to_string()));
            calendar(plan, &mut findings);
        }
        if several {
            findings.good(&say::check("계좌", "account", &format!("{} {}", plan.key, plan.account)));
        }
        books(plan, &mut findings).await;
        broker(plan, &mut findings).await;
    }
    if context.json {
        output::line(&serde_json::json!({ "checks": findings.lines, "at": real_now().to_string() }).to_string());
    }
    findings.first.map_or(Ok(()), Err)
}

fn calendar(plan: &Plan, findings: &mut Findings) {
    let day = plan.time.now().kst_day();
    findings.good(&say::trading_day(&day.to_string(), plan.rulebook.calendar().is_open(day)));
}

async fn books(plan: &Plan, findings: &mut Findings) {
    let store = match start::open_store(plan).await {
        Ok(store) => store,
        Err(error) => return findings.bad(start_failure(error)),
    };
    match store.verify(&plan.stream).await {
        Ok(report) => findings.good(&say::journal_sound(report.records)),
        Err(error) => findings.bad(start_failure(error.into())),
    }
    match recovery::recover(plan, &store).await {
        Ok(engine) => {
            let book = engine.book();
            findings.good(&say::books(book.last_seq(), book.cash().get(), book.open_orders().len()));
        }
        Err(error) => findings.bad(start_failure(error.into())),
    }
    store.close().await;
}

async fn broker(plan: &Plan, findings: &mut Findings) {
    let refused = |e: fsts_kis::KisError| Failure::new(Exit::Broker, say::broker(&e.to_string()));
    match plan.kis.tokens().token().await {
        Ok(_) => findings.good(&say::check("접근 토큰", "access token", "ok")),
        Err(error) => return findings.bad(refused(error)),
    }
    match plan.kis.balance().await {
        Ok(report) => findings.good(&say::account(report.cash.get(), report.holdings.len())),
        Err(error) => findings.bad(refused(error)),
    }
    match plan.kis.daily_orders(plan.time.now().kst_day(), OrderFilter::default()).await {
        Ok(orders) => findings.good(&say::check("오늘 주문", "orders today", &orders.rows().len().to_string())),
        Err(error) => findings.bad(refused(error)),
    }
}
