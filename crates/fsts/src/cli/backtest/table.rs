//! A report as a person or a script reads it.

use comfy_table::{CellAlignment, Table, presets};
use fsts_domain::{Side, Won};
use fsts_lab::Report;
use fsts_lake::DataSet;
use serde::Serialize;

use crate::messages::backtest::{label, no_fills, refused, warning};
use crate::messages::{Lang, Text};

/// A finished run.
pub struct Shown<'r> {
    /// Id of the strategy.
    pub strategy: &'r str,
    /// Its result.
    pub report: &'r Report,
    /// What it ran over.
    pub data: &'r DataSet,
    /// Bars that the strategy waits for.
    pub warm_up: u32,
}

impl Shown<'_> {
    /// One JSON object.
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Json<'r> {
            strategy: &'r str,
            #[serde(flatten)]
            report: &'r Report,
            load: &'r fsts_lake::LoadReport,
        }
        let json = Json { strategy: self.strategy, report: self.report, load: &self.data.report };
        serde_json::to_string(&json).unwrap_or_default()
    }

    /// A table, and below it what a reader must know.
    pub fn text(&self, lang: Lang) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let say = |id: &str| label(id).get(lang).to_owned();
        for (id, value) in self.rows(lang) {
            table.add_row(vec![say(id), value]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut lines = vec![table.trim_fmt()];
        let remark = |kind: &str, text: &Text| format!("{}: {}", say(kind), text.get(lang));
        lines.extend(self.warnings().iter().map(|text| remark("warning", text)));
        let notes = self.data.report.notes.iter().map(|note| Text::new(note.korean(), note.english()));
        lines.extend(notes.map(|text| remark("note", &text)));
        lines.push(format!("trace_hash {}", self.report.trace_hash));
        lines.join("\n")
    }

    fn rows(&self, lang: Lang) -> Vec<(&'static str, String)> {
        let (report, load, metrics) = (self.report, &self.data.report, &self.report.metrics);
        let count = |side: Side| report.fills.iter().filter(|f| f.side == side).count();
        let say = |id: &str| label(id).get(lang).to_owned();
        let won = |amount: Won| format!("{} {}", grouped(amount.get()), say("won"));
        let percent = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.2} %"));
        let why = load.price_kind_reason.as_ref().map(|r| Text::new(r.korean(), r.english()));
        let why = why.map(|text| format!(" ({})", text.get(lang))).unwrap_or_default();
        vec![
            ("strategy", self.strategy.to_owned()),
            ("period", format!("{} – {}", report.from, report.to)),
            ("symbols", grouped(report.symbols as i64)),
            ("bars", grouped(report.bars as i64)),
            ("rules", report.rules.to_owned()),
            ("prices", format!("{}{why}", say(report.price_kind))),
            ("rows_read", grouped(load.rows_read as i64)),
            ("halts", grouped(load.halts_dropped as i64)),
            ("rounded", grouped(load.rows_rounded as i64)),
            ("widened", grouped(load.rows_widened as i64)),
            ("refused", grouped(load.rows_refused as i64)),
            ("trades", grouped(report.trades as i64)),
            ("buys", grouped(count(Side::Buy) as i64)),
            ("sells", grouped(count(Side::Sell) as i64)),
            ("bought", won(report.flows.bought)),
            ("sold", won(report.flows.sold)),
            ("fees", won(report.fees)),
            ("taxes", won(report.taxes)),
            ("start", won(report.start_equity)),
            ("cash", won(report.cash)),
            ("holdings", won(report.holdings_value)),
            ("final", won(report.final_equity)),
            ("return", percent(Some(metrics.total_return_pct))),
            ("cagr", percent(metrics.cagr_pct)),
            ("drawdown", percent(Some(metrics.max_drawdown_pct))),
            ("sharpe", metrics.sharpe.map_or_else(|| "–".to_owned(), |s| format!("{s:.3}"))),
            ("win_rate", percent(metrics.win_rate_pct)),
        ]
    }

    fn warnings(&self) -> Vec<Text> {
        let mut texts: Vec<Text> = self.report.warnings.iter().map(|code| warning(code)).collect();
        if self.report.trades == 0 {
            texts.push(no_fills(self.warm_up, self.longest_series()));
        }
        if let Some(first) = self.data.report.refused.first() {
            let place = format!("{}:{}", first.file, first.line);
            let count = self.data.report.rows_refused;
            let ko = refused(count, &format!("{place} {}", first.reason.korean())).ko;
            let en = refused(count, &format!("{place} {}", first.reason.english())).en;
            texts.push(Text::new(ko, en));
        }
        texts
    }

    /// Bars of the symbol that has most.
    fn longest_series(&self) -> usize {
        let mut bars = vec![0usize; self.data.symbols.len()];
        for row in &self.data.rows {
            if let Some(count) = bars.get_mut(row.symbol as usize) {
                *count += 1;
            }
        }
        bars.into_iter().max().unwrap_or(0)
    }
}

/// Digits in groups of three.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
