//! The words of alerts: one table from a fact to its kind, its severity and its text in Korean and English.
//!
//! To change what an alert says, change [`Fact::text`]; how much it matters, [`Fact::severity`].

use fsts_domain::{BotId, IntentId, OrderState, Qty, Side, Symbol, Won};
use fsts_engine::{BotSwitch, FreezeReason};
use fsts_kis::NOT_SENT;
use fsts_store::{Channel, Severity};

use super::phrase::{average, clean, grouped, signed, verb_en, verb_ko};
use crate::messages::Text;

/// Orders that one message names; the rest is a number.
const NAMED_MAX: usize = 3;

/// An order as alerts name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderFacts {
    /// Our order id.
    pub id: IntentId,
    /// The instrument.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Ordered shares.
    pub qty: Qty,
    /// Shares filled so far.
    pub filled: Qty,
}

/// Who found out that the broker has an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The daily inquiry.
    Inquiry,
    /// A person bound it.
    Operator,
}

/// Something worth telling: a journaled fact, or trouble with the journal itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Shares of an order of ours changed hands; the order's `filled` includes them.
    Filled { order: OrderFacts, qty: Qty, amount: Won },
    /// A hand-made order filled.
    OutsideFilled { symbol: Symbol, side: Side, qty: Qty, amount: Won },
    /// Proven not to have been placed.
    Refused { order: OrderFacts, code: String, message: String },
    /// Vetoed before a byte left.
    Withdrawn { order: OrderFacts, reason: String },
    /// Its outcome is unknown.
    Ambiguous { order: OrderFacts },
    /// An order of unknown outcome turned up at the broker.
    Adopted { order: OrderFacts, by: FoundBy, after_presumption: bool },
    /// Several broker orders match.
    Disputed { order: OrderFacts, candidates: usize },
    /// Believed not placed.
    Presumed { order: OrderFacts },
    /// It ended with a part that did not fill.
    Ended { order: OrderFacts, state: OrderState },
    /// A symbol takes no opening order.
    Frozen { symbol: Symbol, reason: FreezeReason },
    /// A symbol trades again.
    Unfrozen { symbol: Symbol },
    /// Cash differs from the broker's by an amount that nothing explains.
    Unexplained { amount: Won },
    /// No opening order until a person resumes.
    Halted { reason: String },
    /// Trading resumed.
    Resumed,
    /// A bot was started, paused or stopped.
    BotSwitched { bot: BotId, to: BotSwitch },
    /// A bot was made at run time.
    BotMade { bot: BotId, strategy: String },
    /// A bot is gone.
    BotDeleted { bot: BotId },
    /// A bot decided on the day as it stands before the close.
    DailyRun { bot: BotId, symbols: usize },
    /// The first run read what the account holds.
    AccountOpened { cash: Won, holdings: usize },
    /// A run began, and the one before it left orders whose outcome nobody knows.
    StartedUnresolved { orders: Vec<OrderFacts> },
    /// Too many facts at once: these were not told one by one.
    Skipped { count: u64 },
    /// The journal does not answer.
    JournalStalled,
    /// The journal answers again.
    JournalRecovered,
    /// The journal failed for good.
    JournalFailed,
}

impl Fact {
    /// The short name of its kind: part of the alert's id.
    pub fn kind(&self) -> &'static str {
        match self {
            Fact::Filled { .. } => "filled",
            Fact::OutsideFilled { .. } => "outside_filled",
            Fact::Refused { .. } => "refused",
            Fact::Withdrawn { .. } => "withdrawn",
            Fact::Ambiguous { .. } => "ambiguous",
            Fact::Adopted { .. } => "adopted",
            Fact::Disputed { .. } => "disputed",
            Fact::Presumed { .. } => "presumed",
            Fact::Ended { .. } => "ended",
            Fact::Frozen { .. } => "frozen",
            Fact::Unfrozen { .. } => "unfrozen",
            Fact::Unexplained { .. } => "unexplained",
            Fact::Halted { .. } => "halted",
            Fact::Resumed => "resumed",
            Fact::BotSwitched { .. } => "bot_switched",
            Fact::BotMade { .. } => "bot_made",
            Fact::BotDeleted { .. } => "bot_deleted",
            Fact::DailyRun { .. } => "daily_run",
            Fact::AccountOpened { .. } => "account_opened",
            Fact::StartedUnresolved { .. } => "started_unresolved",
            Fact::Skipped { .. } => "skipped",
            Fact::JournalStalled => "journal_stalled",
            Fact::JournalRecovered => "journal_recovered",
            Fact::JournalFailed => "journal_failed",
        }
    }

    /// How much it matters. What is an error is told whatever else happens.
    pub fn severity(&self) -> Severity {
        match self {
            Fact::Ambiguous { .. }
            | Fact::Disputed { .. }
            | Fact::Frozen { .. }
            | Fact::Unexplained { .. }
            | Fact::Halted { .. }
            | Fact::StartedUnresolved { .. }
            | Fact::JournalStalled
            | Fact::JournalFailed => Severity::Error,
            Fact::Refused { .. } | Fact::Withdrawn { .. } | Fact::Presumed { .. } | Fact::Skipped { .. } => {
                Severity::Warning
            }
            Fact::Adopted { after_presumption: true, .. } => Severity::Warning,
            Fact::Adopted { after_presumption: false, .. }
            | Fact::Filled { .. }
            | Fact::OutsideFilled { .. }
            | Fact::Ended { .. }
            | Fact::Unfrozen { .. }
            | Fact::Resumed
            | Fact::BotSwitched { .. }
            | Fact::BotMade { .. }
            | Fact::BotDeleted { .. }
            | Fact::DailyRun { .. }
            | Fact::AccountOpened { .. }
            | Fact::JournalRecovered => Severity::Info,
        }
    }

    /// Where it is told: the course of orders apart from what needs a person.
    pub fn channel(&self) -> Channel {
        match self {
            Fact::Filled { .. }
            | Fact::OutsideFilled { .. }
            | Fact::Refused { .. }
            | Fact::Withdrawn { .. }
            | Fact::DailyRun { .. }
            | Fact::Ended { .. } => Channel::Trading,
            _ => Channel::Alarm,
        }
    }

    /// The instrument whose chart explains it.
    pub fn charted(&self) -> Option<Symbol> {
        match self {
            Fact::Filled { order, .. } => Some(order.symbol),
            Fact::OutsideFilled { symbol, .. } => Some(*symbol),
            _ => None,
        }
    }

    /// What a person reads. `names` gives an instrument's name.
    pub fn text(&self, names: &dyn Fn(Symbol) -> String) -> Text {
        match self {
            Fact::Filled { order, qty, amount } => filled(order, *qty, *amount, names),
            Fact::OutsideFilled { symbol, side, qty, amount } => {
                let (ko, en) = trade(&instrument(*symbol, names), *side, *qty, *amount);
                Text::new(format!("직접 낸 주문: {ko}"), format!("order from outside: {en}"))
            }
            Fact::Refused { order, code, message } => refused(order, code, message, names),
            Fact::Withdrawn { order, reason } => {
                let (ko, en) = named(order, names);
                let (why_ko, why_en) = withheld_because(reason);
                Text::new(format!("{ko} 보내지 않음 · {why_ko}"), format!("{en} not sent · {why_en}"))
            }
            Fact::Ambiguous { order } => {
                let (ko, en) = named(order, names);
                Text::new(
                    format!("{ko} 접수 여부 불명 · 이 종목의 신규 진입을 막고 증권사에 조회 중"),
                    format!("{en}: outcome unknown · no new entries in it while the broker is asked"),
                )
            }
            Fact::Adopted { order, by, after_presumption } => adopted(order, *by, *after_presumption, names),
            Fact::Disputed { order, candidates } => {
                let (ko, en) = named(order, names);
                Text::new(
                    format!("{ko}: 증권사 주문 {candidates}건이 일치 · 어느 것인지 지정해 주세요"),
                    format!("{en}: {candidates} broker orders match · a person must say which it is"),
                )
            }
            Fact::Presumed { order } => {
                let (ko, en) = named(order, names);
                Text::new(format!("{ko} 미접수로 판단"), format!("{en} presumed not placed"))
            }
            Fact::Ended { order, state } => ended(order, *state, names),
            other => other.account_text(names),
        }
    }

    /// Facts about the account, a symbol or the program rather than about one order.
    fn account_text(&self, names: &dyn Fn(Symbol) -> String) -> Text {
        match self {
            Fact::Frozen { symbol, reason } => frozen(&instrument(*symbol, names), *reason),
            Fact::Unfrozen { symbol } => {
                let name = instrument(*symbol, names);
                Text::new(format!("{name} 거래 제한 해제"), format!("{name} trades again"))
            }
            Fact::Unexplained { amount } => {
                let won = signed(amount.get());
                Text::new(
                    format!("설명되지 않는 예수금 차이 {won}원을 조정으로 기록함 · 확인이 필요합니다"),
                    format!("cash differs by KRW {won} for no known reason · booked as an adjustment, please check"),
                )
            }
            Fact::Halted { reason } => {
                let reason = clean(reason);
                Text::new(
                    format!("거래 정지: 신규 진입 없음 · {reason}"),
                    format!("trading halted: no new entries · {reason}"),
                )
            }
            Fact::Resumed => Text::new("거래 재개", "trading resumed"),
            Fact::BotSwitched { bot, to } => switched(*bot, *to),
            Fact::BotMade { bot, strategy } => {
                let strategy = clean(strategy);
                Text::new(
                    format!("봇 {bot} 추가 · 전략 {strategy}, 정지 상태"),
                    format!("bot {bot} made · {strategy}, stopped"),
                )
            }
            Fact::BotDeleted { bot } => Text::new(format!("봇 {bot} 삭제"), format!("bot {bot} deleted")),
            Fact::DailyRun { bot, symbols } => ran(*bot, *symbols),
            Fact::AccountOpened { cash, holdings } => {
                let cash = grouped(cash.get());
                Text::new(
                    format!("계좌 기록 시작 · 예수금 {cash}원, 보유 {holdings}종목"),
                    format!("account opened · cash KRW {cash}, {holdings} holdings"),
                )
            }
            Fact::StartedUnresolved { orders } => started_unresolved(orders, names),
            Fact::Skipped { count } => {
                let count = grouped(i64::try_from(*count).unwrap_or(i64::MAX));
                Text::new(
                    format!("알림이 한꺼번에 몰려 {count}건을 생략함 · 화면에서 확인해 주세요"),
                    format!("too many alerts at once: {count} left out · see the dashboard"),
                )
            }
            Fact::JournalStalled => Text::new(
                "저널 응답 없음 · 주문을 내보내지 않습니다 (체결 기록과 정지는 계속 동작)",
                "the journal does not answer · no order leaves (fills are booked, halt works)",
            ),
            Fact::JournalRecovered => Text::new("저널 응답 회복", "the journal answers again"),
            Fact::JournalFailed => Text::new(
                "저널 저장 실패 · 다시 시작할 때까지 주문을 내보내지 않습니다",
                "the journal failed · no order leaves until a restart",
            ),
            Fact::Filled { .. }
            | Fact::OutsideFilled { .. }
            | Fact::Refused { .. }
            | Fact::Withdrawn { .. }
            | Fact::Ambiguous { .. }
            | Fact::Adopted { .. }
            | Fact::Disputed { .. }
            | Fact::Presumed { .. }
            | Fact::Ended { .. } => unreachable!("invariant: facts about one order are worded in `text`"),
        }
    }
}

/// Why an approved order did not leave: the codes of the engine's last look before sending.
fn withheld_because(code: &str) -> (String, String) {
    let (ko, en) = match code {
        "halted" => ("거래 정지 중", "trading is halted"),
        "stopped" => ("봇이 정지됨", "the bot is stopped"),
        "paused" => ("봇이 일시 정지됨", "the bot is paused"),
        "not_ready" => ("계좌 확인 전", "the books are not reconciled yet"),
        "session_closed" => ("거래 시간이 아님", "the market is closed"),
        "stale_data" => ("시세가 오래됨", "the price is too old"),
        "no_price" => ("시세 없음", "there is no price"),
        "frozen" => ("종목 거래 제한 중", "the symbol is frozen"),
        "journal_stalled" => ("저널 응답 없음", "the journal does not answer"),
        "journal_failed" => ("저널 저장 실패", "the journal failed"),
        "late_commit" => ("기록이 너무 늦음", "it was recorded too late"),
        other => return (clean(other), clean(other)),
    };
    (ko.to_owned(), en.to_owned())
}

fn ran(bot: BotId, symbols: usize) -> Text {
    Text::new(
        format!("봇 {bot} 장 마감 전 판단 · {symbols}종목"),
        format!("bot {bot} decides before the close · {symbols} symbols"),
    )
}

fn switched(bot: BotId, to: BotSwitch) -> Text {
    match to {
        BotSwitch::Running => Text::new(format!("봇 {bot} 시작"), format!("bot {bot} started")),
        BotSwitch::Paused => Text::new(
            format!("봇 {bot} 일시 정지: 신규 진입 없음, 청산은 계속"),
            format!("bot {bot} paused: no new entries, exits go on"),
        ),
        BotSwitch::Stopped => Text::new(
            format!("봇 {bot} 정지: 판단 없음, 미체결 주문 취소, 보유분 유지"),
            format!("bot {bot} stopped: no decisions, working orders cancelled, positions stay"),
        ),
    }
}

/// `삼성전자 005930`, or the code alone where there is no name.
fn instrument(symbol: Symbol, names: &dyn Fn(Symbol) -> String) -> String {
    let name = clean(&names(symbol));
    if name.is_empty() || name == symbol.as_str() { symbol.to_string() } else { format!("{name} {symbol}") }
}

/// `삼성전자 005930 매수 10주`, `삼성전자 005930 buy 10 sh`.
fn named(order: &OrderFacts, names: &dyn Fn(Symbol) -> String) -> (String, String) {
    let (name, qty) = (instrument(order.symbol, names), grouped(order.qty.get()));
    (format!("{name} {} {qty}주", verb_ko(order.side)), format!("{name} {} {qty} sh", verb_en(order.side)))
}

fn trade(name: &str, side: Side, qty: Qty, amount: Won) -> (String, String) {
    let (shares, price) = (grouped(qty.get()), average(amount, qty));
    (
        format!("{name} {} {shares}주 체결 · {}", verb_ko(side), price.ko),
        format!("{name} {} {shares} sh filled · {}", verb_en(side), price.en),
    )
}

fn filled(order: &OrderFacts, qty: Qty, amount: Won, names: &dyn Fn(Symbol) -> String) -> Text {
    let (mut ko, mut en) = trade(&instrument(order.symbol, names), order.side, qty, amount);
    if qty != order.qty {
        let (done, all) = (grouped(order.filled.get()), grouped(order.qty.get()));
        ko.push_str(&format!(" (누적 {done}/{all}주)"));
        en.push_str(&format!(" ({done}/{all} in all)"));
    }
    Text::new(ko, en)
}

fn refused(order: &OrderFacts, code: &str, message: &str, names: &dyn Fn(Symbol) -> String) -> Text {
    let (ko, en) = named(order, names);
    if code == NOT_SENT {
        // Its message is the client's own English.
        let message = clean(message);
        return Text::new(format!("{ko} 증권사에 보내지 못함"), format!("{en} could not be sent · {message}"));
    }
    let words = clean(&format!("{message} ({code})"));
    Text::new(format!("{ko} 주문 거부 · {words}"), format!("{en} refused · {words}"))
}

fn adopted(order: &OrderFacts, by: FoundBy, after_presumption: bool, names: &dyn Fn(Symbol) -> String) -> Text {
    let (ko, en) = named(order, names);
    let (how_ko, how_en) = match by {
        FoundBy::Inquiry => ("주문 조회로", "by the order inquiry"),
        FoundBy::Operator => ("사람의 지정으로", "by a person"),
    };
    let (late_ko, late_en) =
        if after_presumption { ("미접수로 판단했던 주문, ", "was presumed not placed, ") } else { ("", "") };
    Text::new(
        format!("{ko} 접수 확인 · {late_ko}{how_ko} 확인됨"),
        format!("{en} is at the broker · {late_en}found {how_en}"),
    )
}

fn ended(order: &OrderFacts, state: OrderState, names: &dyn Fn(Symbol) -> String) -> Text {
    let (ko_state, en_state) = match state {
        OrderState::Cancelled => ("취소", "cancelled"),
        OrderState::Expired => ("만료", "expired"),
        OrderState::Refused => ("거래소 거부", "refused by the exchange"),
        OrderState::Approved
        | OrderState::Sending
        | OrderState::Acked
        | OrderState::PartiallyFilled
        | OrderState::Filled
        | OrderState::Ambiguous
        | OrderState::PresumedNotPlaced
        | OrderState::Disputed => ("종료", "ended"),
    };
    let name = instrument(order.symbol, names);
    let (left, done) = (order.qty.saturating_sub(order.filled), order.filled);
    let (rest, all) = (grouped(left.get()), grouped(order.qty.get()));
    let (side_ko, side_en) = (verb_ko(order.side), verb_en(order.side));
    if done.is_zero() {
        return Text::new(
            format!("{name} {side_ko} {rest}주 {ko_state}"),
            format!("{name} {side_en} {rest} sh {en_state}"),
        );
    }
    let done = grouped(done.get());
    Text::new(
        format!("{name} {side_ko} 잔량 {rest}주 {ko_state} (체결 {done}/{all}주)"),
        format!("{name} {side_en} remainder of {rest} sh {en_state} (filled {done}/{all})"),
    )
}

fn frozen(name: &str, reason: FreezeReason) -> Text {
    let (ko, en) = match reason {
        FreezeReason::AmbiguousOrder => ("접수 여부를 모르는 주문이 있음", "an order's outcome is unknown"),
        FreezeReason::QuantityMismatch => ("증권사 잔고와 수량이 다름", "the broker holds another quantity"),
        FreezeReason::Correction => {
            ("기록한 체결을 증권사 조회가 확인하지 않음", "the broker does not confirm a booked fill")
        }
    };
    Text::new(format!("{name} 신규 진입 제한 · {ko}"), format!("{name} frozen for new entries · {en}"))
}

fn started_unresolved(orders: &[OrderFacts], names: &dyn Fn(Symbol) -> String) -> Text {
    let shown: Vec<(String, String)> = orders.iter().take(NAMED_MAX).map(|order| named(order, names)).collect();
    let (ko, en): (Vec<String>, Vec<String>) = shown.into_iter().unzip();
    let count = orders.len();
    let (more_ko, more_en) = match count.saturating_sub(NAMED_MAX) {
        0 => (String::new(), String::new()),
        more => (format!(" 외 {more}건"), format!(" and {more} more")),
    };
    Text::new(
        format!("비정상 종료 후 재시작 · 결과를 모르는 주문 {count}건: {}{more_ko}", ko.join(", ")),
        format!("restarted after a crash · {count} orders of unknown outcome: {}{more_en}", en.join(", ")),
    )
}

#[cfg(test)]
mod tests;
