//! Broker truth: the day's orders, the account, prices and bars. A list is read to its last page or not at all.

use fsts_domain::{AccountNo, Bar, OrderKind, Price, Qty, Side, Symbol, TradingDay, Won};
use fsts_engine::{AccountReport, Complete, OrderReport};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::Call;
use crate::env::Environment;
use crate::error::KisError;
use crate::limiter::Lane;
use crate::rest::{Read, Rest, unreadable};
use crate::wire::inquiry::{
    BalanceQuery, BuyingPowerAnswer, BuyingPowerQuery, CashRow, DailyOrderRow, DailyOrdersQuery, HoldingRow,
    SellableAnswer, SellableQuery,
};
use crate::wire::order::{KRX, LIMIT, MARKET};
use crate::wire::quote::{DailyBarRow, DailyBarsQuery, PriceAnswer, PriceQuery};
use crate::wire::{Text, Unreadable};
use rows::{convert, daily_bar, holding, in_call, order_key, order_report, required};

mod minutes;
mod pages;
mod rows;

pub use minutes::Minutes;
pub(crate) use rows::second_of_day;

/// Rows per call of the daily bars.
const BARS_PER_CALL: usize = 100;
/// 100 calls of 100 rows are forty years.
const BAR_CALLS_MAX: usize = 100;

/// Which of the day's orders are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrderFilter {
    /// One instrument, or all.
    pub symbol: Option<Symbol>,
    /// One side, or both.
    pub side: Option<Side>,
}

/// What may be bought without going short of cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuyingPower {
    /// Won.
    pub cash: Won,
    /// Shares at the price that was asked for.
    pub qty: Qty,
}

/// The state of an instrument now. Prices are `None` before the first trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// The instrument.
    pub symbol: Symbol,
    /// Last price, or the base price before the first trade.
    pub last: Option<Price>,
    /// First price of the day.
    pub open: Option<Price>,
    /// Highest price of the day.
    pub high: Option<Price>,
    /// Lowest price of the day.
    pub low: Option<Price>,
    /// The price that the day's limits come from.
    pub base: Option<Price>,
    /// Upper limit of the day.
    pub upper_limit: Option<Price>,
    /// Lower limit of the day.
    pub lower_limit: Option<Price>,
    /// Shares of the day so far.
    pub volume: i64,
    /// Won of the day so far.
    pub value: Won,
}

/// How bars before a split are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarPrices {
    /// As traded.
    Raw,
    /// 수정주가.
    Adjusted,
}

/// Days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub from: TradingDay,
    /// Last day.
    pub to: TradingDay,
}

impl Rest {
    pub async fn daily_orders(&self, day: TradingDay, filter: OrderFilter) -> Result<Complete<OrderReport>, KisError> {
        let account = &self.access.account.number;
        let date = Text::from(day.compact());
        let query = DailyOrdersQuery {
            cano: account.number().into(),
            acnt_prdt_cd: account.product().into(),
            inqr_strt_dt: date.clone(),
            inqr_end_dt: date,
            sll_buy_dvsn_cd: filter.side.map_or("00", side_code).into(),
            pdno: filter.symbol.map(|symbol| symbol.as_str().into()).unwrap_or_default(),
            ccld_dvsn: "00".into(),
            // Oldest first: an order that arrives while we read goes to the end and moves no row over a page edge.
            inqr_dvsn: "01".into(),
            inqr_dvsn_3: "00".into(),
            excg_id_dvsn_cd: match self.access.environment {
                Environment::Mock => KRX.into(),
                Environment::Real => "ALL".into(),
            },
            ..DailyOrdersQuery::default()
        };
        let (rows, _) = self.all_pages::<_, DailyOrderRow, _>(Call::DailyOrders, query, order_key).await?;
        convert(Call::DailyOrders, rows, order_report)
    }

    pub async fn balance(&self) -> Result<AccountReport, KisError> {
        let account = &self.access.account.number;
        let query = BalanceQuery {
            cano: account.number().into(),
            acnt_prdt_cd: account.product().into(),
            afhr_flpr_yn: "N".into(),
            inqr_dvsn: "02".into(),
            unpr_dvsn: "01".into(),
            fund_sttl_icld_yn: "N".into(),
            fncg_amt_auto_rdpt_yn: "N".into(),
            prcs_dvsn: "00".into(),
            ..BalanceQuery::default()
        };
        let key = |row: &HoldingRow| row.pdno.trimmed().to_owned();
        let (rows, last_page) = self.all_pages(Call::Balance, query, key).await?;
        let holdings = convert(Call::Balance, rows, holding)?;
        let cash: CashRow = last_page.one("output2").map_err(unreadable(Call::Balance))?;
        Ok(AccountReport {
            cash: required(Call::Balance, &cash.prvs_rcdl_excc_amt)?.won().map_err(in_call(Call::Balance))?,
            // What was sold today stays in the list with no shares until it is settled.
            holdings: holdings.rows().iter().filter(|holding| !holding.qty.is_zero()).cloned().collect(),
        })
    }

    pub async fn buying_power(&self, symbol: Symbol, kind: OrderKind) -> Result<BuyingPower, KisError> {
        let AccountFields { cano, acnt_prdt_cd } = account_fields(&self.access.account.number);
        let (ord_dvsn, ord_unpr) = match kind {
            OrderKind::Limit(price) => (LIMIT, price.to_string()),
            OrderKind::Market => (MARKET, String::new()),
        };
        let query = BuyingPowerQuery {
            cano,
            acnt_prdt_cd,
            pdno: symbol.as_str().into(),
            ord_unpr: ord_unpr.into(),
            ord_dvsn: ord_dvsn.into(),
            cma_evlu_amt_icld_yn: "N".into(),
            ovrs_icld_yn: "N".into(),
        };
        let call = Call::BuyingPower;
        let answer: BuyingPowerAnswer = self.single(call, Lane::Inquiry, &query, "output").await?;
        Ok(BuyingPower {
            cash: required(call, &answer.nrcvb_buy_amt)?.won().map_err(in_call(call))?,
            qty: answer.nrcvb_buy_qty.qty().map_err(in_call(call))?,
        })
    }

    pub async fn sellable(&self, symbol: Symbol) -> Result<Qty, KisError> {
        let AccountFields { cano, acnt_prdt_cd } = account_fields(&self.access.account.number);
        let call = Call::Sellable;
        let query = SellableQuery { cano, acnt_prdt_cd, pdno: symbol.as_str().into() };
        let read = Read { call, lane: Lane::Inquiry, query: &query, next_page: false };
        let (envelope, _) = self.get(read).await?;
        // The samples read `output`, the workbook says `output1`.
        let answer: Result<SellableAnswer, _> = envelope.one("output").or_else(|_| envelope.one("output1"));
        required(call, &answer.map_err(unreadable(call))?.ord_psbl_qty)?.qty().map_err(in_call(call))
    }

    pub async fn price(&self, symbol: Symbol) -> Result<Quote, KisError> {
        let call = Call::Price;
        let query = PriceQuery { fid_cond_mrkt_div_code: "J".into(), fid_input_iscd: symbol.as_str().into() };
        let answer: PriceAnswer = self.single(call, Lane::Read, &query, "output").await?;
        let price = |text: &Text| text.price().map_err(in_call(call));
        Ok(Quote {
            symbol,
            last: price(&answer.stck_prpr)?,
            open: price(&answer.stck_oprc)?,
            high: price(&answer.stck_hgpr)?,
            low: price(&answer.stck_lwpr)?,
            base: price(&answer.stck_sdpr)?,
            upper_limit: price(&answer.stck_mxpr)?,
            lower_limit: price(&answer.stck_llam)?,
            volume: answer.acml_vol.whole().map_err(in_call(call))?,
            value: answer.acml_tr_pbmn.won().map_err(in_call(call))?,
        })
    }

    pub async fn daily_bars(
        &self,
        symbol: Symbol,
        days: Days,
        prices: BarPrices,
    ) -> Result<Vec<(TradingDay, Bar)>, KisError> {
        let call = Call::DailyBars;
        let mut bars = std::collections::BTreeMap::new();
        let mut to = days.to;
        // This call has no pages: the end date walks back instead.
        for _ in 0..BAR_CALLS_MAX {
            let query = DailyBarsQuery {
                fid_cond_mrkt_div_code: "J".into(),
                fid_input_iscd: symbol.as_str().into(),
                fid_input_date_1: days.from.compact().into(),
                fid_input_date_2: to.compact().into(),
                fid_period_div_code: "D".into(),
                fid_org_adj_prc: match prices {
                    BarPrices::Raw => "1".into(),
                    BarPrices::Adjusted => "0".into(),
                },
            };
            let (envelope, _) = self.get(Read { call, lane: Lane::Read, query: &query, next_page: false }).await?;
            let rows: Vec<DailyBarRow> = envelope.rows("output2").map_err(unreadable(call))?;
            let mut earliest = None;
            for row in &rows {
                let day: TradingDay =
                    row.stck_bsop_date.trimmed().parse().map_err(|_| in_call(call)(Unreadable("a date")))?;
                earliest = Some(earliest.map_or(day, |first: TradingDay| first.min(day)));
                if let Some(bar) = daily_bar(row).map_err(in_call(call))? {
                    bars.insert(day, bar);
                }
            }
            match earliest {
                Some(day) if rows.len() >= BARS_PER_CALL && day > days.from && day <= to => to = day.plus_days(-1),
                _ => {
                    return Ok(bars.into_iter().filter(|(day, _)| *day >= days.from && *day <= days.to).collect());
                }
            }
        }
        Err(KisError::Decode { call: call.name(), what: "the bars do not end".to_owned() })
    }

    async fn single<Q: Serialize + Sync, T: DeserializeOwned>(
        &self,
        call: Call,
        lane: Lane,
        query: &Q,
        output: &str,
    ) -> Result<T, KisError> {
        let (envelope, _) = self.get(Read { call, lane, query, next_page: false }).await?;
        envelope.one(output).map_err(unreadable(call))
    }
}

struct AccountFields {
    cano: Text,
    acnt_prdt_cd: Text,
}

fn account_fields(account: &AccountNo) -> AccountFields {
    AccountFields { cano: account.number().into(), acnt_prdt_cd: account.product().into() }
}

const fn side_code(side: Side) -> &'static str {
    match side {
        Side::Sell => "01",
        Side::Buy => "02",
    }
}
