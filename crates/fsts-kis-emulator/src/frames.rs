//! Stream records, cell by cell, and the encryption of notices.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use fsts_domain::{OrderKind, OrderNumber, Price, Qty, Side, Symbol, Timestamp};
use fsts_krx::SessionPart;

use crate::board::{Print, Quote};
use crate::config::RecordWidth;
use crate::orders::{Action, BRANCH, Condition, Order};
use crate::text::{hhmmss, percent, ratio, sign};

/// Both sides of a book, best first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Depth {
    pub(crate) asks: Vec<(Price, Qty)>,
    pub(crate) bids: Vec<(Price, Qty)>,
}

impl Depth {
    fn totals(&self) -> (i64, i64) {
        let sum = |side: &[(Price, Qty)]| side.iter().map(|(_, qty)| qty.get()).sum();
        (sum(&self.asks), sum(&self.bids))
    }
}

/// Price and shares of a level; zeros where the book has none.
pub(crate) fn level(side: &[(Price, Qty)], index: usize) -> (i64, i64) {
    side.get(index).map_or((0, 0), |(price, qty)| (price.get(), qty.get()))
}

/// A trade record (H0STCNT0); the quote has the print in it already.
pub(crate) fn trade_record(quote: &Quote, print: &Print, depth: &Depth, width: RecordWidth) -> String {
    let today = &quote.today;
    let Some(day) = today.day else { return String::new() };
    let bar = day.bar;
    let against = |price: Price| {
        let difference = quote.last.get() - price.get();
        format!("{}^{difference}", sign(difference, false, false))
    };
    let (ask, ask_qty) = level(&depth.asks, 0);
    let (bid, bid_qty) = level(&depth.bids, 0);
    let (asks, bids) = depth.totals();
    let taker = match print.taker {
        Some(Side::Buy) => "1",
        Some(Side::Sell) => "5",
        None => "1",
    };
    let known_sides = today.buy_volume + today.sell_volume;
    let previous = quote.days.last().map_or(0, |(_, day)| day.bar.volume);
    let price = [
        quote.symbol.to_string(),
        hhmmss(print.at),
        print.price.to_string(),
        change_cells(quote),
        ratio(day.amount.get(), bar.volume),
        format!("{}^{}^{}", bar.open, bar.high, bar.low),
        format!("{ask}^{bid}"),
    ]
    .join("^");
    let volume = [
        format!("{}^{}^{}", print.qty, bar.volume, day.amount),
        format!("{}^{}^{}", today.sell_trades, today.buy_trades, today.buy_trades - today.sell_trades),
        percent(today.buy_volume, today.sell_volume),
        format!("{}^{}^{taker}", today.sell_volume, today.buy_volume),
        ratio(today.buy_volume, known_sides),
        percent(bar.volume, previous),
    ]
    .join("^");
    let day_marks = [
        format!("{}^{}", clock(today.open_at), against(bar.open)),
        format!("{}^{}", clock(today.high_at), against(bar.high)),
        format!("{}^{}", clock(today.low_at), against(bar.low)),
    ]
    .join("^");
    let tail = format!(
        "{}^20^N^{ask_qty}^{bid_qty}^{asks}^{bids}^0.00^{previous}^{}^0^^{}",
        print.at.kst_day().compact(),
        percent(bar.volume, previous),
        bar.open
    );
    let market_class = match width {
        RecordWidth::Current => "^2",
        RecordWidth::Old => "",
    };
    format!("{price}^{volume}^{day_marks}^{tail}{market_class}")
}

/// `sign^difference^percent` of the last price against the base.
fn change_cells(quote: &Quote) -> String {
    let difference = quote.last.get() - quote.base.get();
    let at =
        |limit: fn(&fsts_krx::PriceBand) -> Price| quote.band.as_ref().is_some_and(|band| limit(band) == quote.last);
    let sign = sign(difference, at(|band| band.upper), at(|band| band.lower));
    format!("{sign}^{difference}^{}", percent(difference, quote.base.get()))
}

fn clock(second: i64) -> String {
    format!("{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// A book record (H0STASP0).
pub(crate) struct BookRecord<'a> {
    pub(crate) quote: &'a Quote,
    pub(crate) depth: &'a Depth,
    /// Price and shares that an auction would trade now.
    pub(crate) expected: Option<(Price, Qty)>,
    pub(crate) part: SessionPart,
    pub(crate) at: Timestamp,
}

impl BookRecord<'_> {
    /// The record's cells.
    pub(crate) fn cells(&self, width: RecordWidth) -> String {
        let BookRecord { quote, depth, expected, .. } = self;
        let column = |side: &[(Price, Qty)], pick: fn((i64, i64)) -> i64| -> Vec<String> {
            (0..10).map(|index| pick(level(side, index)).to_string()).collect()
        };
        let (asks, bids) = depth.totals();
        let (price, shares) = expected.map_or((0, 0), |(price, qty)| (price.get(), qty.get()));
        let difference = price - quote.base.get();
        let mut cells = vec![quote.symbol.to_string(), hhmmss(self.at), self.hour_class().to_owned()];
        cells.extend(column(&depth.asks, |(price, _)| price));
        cells.extend(column(&depth.bids, |(price, _)| price));
        cells.extend(column(&depth.asks, |(_, qty)| qty));
        cells.extend(column(&depth.bids, |(_, qty)| qty));
        cells.extend([asks, bids, 0, 0, price, shares, shares, difference].map(|number| number.to_string()));
        cells.push(sign(difference, false, false).to_owned());
        cells.push(percent(difference, quote.base.get()));
        cells.push(quote.today.volume().to_string());
        cells.extend(["0", "0", "0", "0", "0"].map(str::to_owned));
        match width {
            RecordWidth::Current => cells.extend(["0", "0", "0", "2"].map(str::to_owned)),
            RecordWidth::Old => {}
        }
        cells.join("^")
    }

    fn hour_class(&self) -> &'static str {
        match self.part {
            SessionPart::OpeningAuction | SessionPart::PreOpen => "B",
            SessionPart::ClosingAuction => "A",
            SessionPart::Closed
            | SessionPart::Continuous
            | SessionPart::PostClose
            | SessionPart::AfterMarket
            | SessionPart::AlwaysOpen => "0",
        }
    }
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// The order is in.
    Accepted,
    /// A revision or cancellation took effect on so many shares.
    Confirmed { qty: Qty },
    /// The market dropped the rest of an immediate order.
    Dropped { qty: Qty },
    /// An execution.
    Filled { qty: Qty, price: Price },
}

/// A notice to its account's owner.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) kind: NoticeKind,
    pub(crate) hts_id: String,
    account: fsts_domain::AccountNo,
    number: OrderNumber,
    original: Option<OrderNumber>,
    side: Side,
    action: Action,
    order_type: String,
    condition: Condition,
    symbol: Symbol,
    name: String,
    order_qty: Qty,
    order_price: i64,
    at: Timestamp,
}

impl Notice {
    /// A notice about an order.
    pub(crate) fn about(order: &Order, kind: NoticeKind, quote: &Quote, hts_id: &str, at: Timestamp) -> Self {
        Notice {
            kind,
            hts_id: hts_id.to_owned(),
            account: order.account,
            number: order.number,
            original: order.original,
            side: order.side,
            action: order.action,
            order_type: order.division.code().to_owned(),
            condition: order.condition,
            symbol: order.symbol,
            name: quote.name.clone(),
            order_qty: order.qty,
            order_price: match order.kind {
                OrderKind::Limit(price) => price.get(),
                OrderKind::Market => 0,
            },
            at,
        }
    }

    /// The record's cells (H0STCNI0, H0STCNI9).
    pub(crate) fn cells(&self, width: RecordWidth) -> String {
        let (event, accepted, qty, price) = match self.kind {
            NoticeKind::Accepted => ("1", "1", self.order_qty, self.order_price),
            NoticeKind::Confirmed { qty } => ("1", "2", qty, self.order_price),
            NoticeKind::Dropped { qty } => ("1", "3", qty, self.order_price),
            NoticeKind::Filled { qty, price } => ("2", "2", qty, price.get()),
        };
        let side = match self.side {
            Side::Sell => "01",
            Side::Buy => "02",
        };
        let action = match self.action {
            Action::New => "0",
            Action::Revise => "1",
            Action::Cancel => "2",
        };
        let condition = match self.condition {
            Condition::Day => "0",
            Condition::Ioc => "1",
            Condition::Fok => "2",
        };
        let original = self.original.map(|number| number.to_string()).unwrap_or_default();
        let head = [
            self.hts_id.as_str(),
            self.account.reveal(),
            &self.number.to_string(),
            &original,
            side,
            action,
            &self.order_type,
            condition,
            self.symbol.as_str(),
        ]
        .join("^");
        let event = format!(
            "{:010}^{price:09}^{}^0^{event}^{accepted}^{BRANCH}^{:09}^모의고객",
            qty.get(),
            hhmmss(self.at),
            self.order_qty.get()
        );
        let tail = match width {
            RecordWidth::Current => format!("000000000^1^N^^10^^{}^{:09}", self.name, self.order_price),
            RecordWidth::Old => format!("{}^10^^{}^{:09}", self.name, self.name, self.order_price),
        };
        format!("{head}^{event}^{tail}")
    }
}

/// A record as a plain frame.
pub(crate) fn plain_frame(tr_id: &str, records: &[String]) -> String {
    format!("0|{tr_id}|{:03}|{}", records.len(), records.join("^"))
}

/// A record as an encrypted frame: AES-256-CBC, then Base64.
pub(crate) fn sealed_frame(tr_id: &str, cells: &str, key: &str, iv: &str) -> String {
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(key.as_bytes(), iv.as_bytes())
        .expect("invariant: session keys are 32 and 16 bytes");
    let sealed = BASE64.encode(cipher.encrypt_padded_vec::<Pkcs7>(cells.as_bytes()));
    format!("1|{tr_id}|001|{sealed}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbols::demo_symbols;
    use fsts_krx::{FeeSchedule, RuleBook};

    fn quote_and_print() -> (Quote, Print) {
        let day: fsts_domain::TradingDay = "2026-11-20".parse().unwrap();
        let mut quote = Quote::new(&demo_symbols()[0]);
        quote.begin_day(None, &RuleBook::krx(FeeSchedule::NONE).on(day));
        let print = Print {
            symbol: 0,
            at: Timestamp::from_kst(day, 9 * 3600 + 2),
            price: Price::new(71_100).unwrap(),
            qty: Qty::new(10).unwrap(),
            taker: Some(Side::Sell),
        };
        quote.trade(&print);
        (quote, print)
    }

    #[test]
    fn records_have_the_broker_s_number_of_cells_in_both_widths() {
        let (quote, print) = quote_and_print();
        let depth = Depth { asks: vec![(quote.last, print.qty)], bids: Vec::new() };
        let book =
            BookRecord { quote: &quote, depth: &depth, expected: None, part: SessionPart::Continuous, at: print.at };
        for (width, trade_cells, book_cells) in [(RecordWidth::Current, 47, 63), (RecordWidth::Old, 46, 59)] {
            let trade = trade_record(&quote, &print, &depth, width);
            assert_eq!(trade.split('^').count(), trade_cells, "{trade}");
            assert_eq!(book.cells(width).split('^').count(), book_cells);
        }
    }

    #[test]
    fn a_trade_record_has_its_cells_where_the_broker_has_them() {
        let (quote, print) = quote_and_print();
        let record = trade_record(&quote, &print, &Depth::default(), RecordWidth::Current);
        let cells: Vec<&str> = record.split('^').collect();
        let expected = [
            (0, "0Z1010"),
            (1, "090002"),
            (2, "71100"),
            (3, "5"),
            (4, "-100"),
            (5, "-0.14"),
            (6, "71100.00"),
            (7, "71100"),
            (12, "10"),
            (13, "10"),
            (14, "711000"),
            (21, "5"),
            (24, "090002"),
            (33, "20261120"),
            (34, "20"),
            (43, "0"),
            (45, "71100"),
            (46, "2"),
        ];
        for (index, value) in expected {
            assert_eq!(cells[index], value, "cell {index}");
        }
    }
}
