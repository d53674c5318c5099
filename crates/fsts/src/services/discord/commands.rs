//! What slash commands answer. Reads ask the engine's last picture; stopping is the same halt as on every screen.

use std::fmt::Write as _;
use std::sync::Arc;

use fsts_engine::{Command, Reply};
use fsts_server::views::{BotState, Mode};
use fsts_server::{CommandOutcome, Desk, DeskError, Snapshot};
use futures_util::future::join_all;

use super::rights::{Right, Rights};
use crate::messages::{Lang, Text};
use crate::runtime::Seat;
use crate::runtime::desk::AccountDesk;
use crate::services::chart::grouped;

/// Lines of one answer; the service takes 2,000 characters.
const LINES_MAX: usize = 15;

/// A command, its names and what it is for, as they are registered.
pub struct Listed {
    /// Name in the service.
    pub name: &'static str,
    /// 한국어 이름.
    pub name_ko: &'static str,
    /// What it is for.
    pub about: (&'static str, &'static str),
}

/// All commands.
pub const LISTED: [Listed; 6] = [
    Listed {
        name: "status", name_ko: "상태", about: ("엔진과 봇의 상태", "state of the engine and the bots")
    },
    Listed { name: "balance", name_ko: "잔고", about: ("예수금과 평가금액", "cash and value of holdings") },
    Listed { name: "positions", name_ko: "보유", about: ("보유 종목", "what is held") },
    Listed {
        name: "profit", name_ko: "손익", about: ("실현·평가 손익과 비용", "profit, realised and not, and costs")
    },
    Listed {
        name: "stop", name_ko: "정지", about: ("새 주문 중지 (확인 단계 있음)", "no new orders (asks first)")
    },
    Listed { name: "help", name_ko: "도움말", about: ("명령 목록", "this list") },
];

/// What a command came to.
pub enum Said {
    /// An answer.
    Done(Text),
    /// A question; the button carries it out.
    Confirm(Text),
}

/// The commands of one account.
pub struct Commands {
    /// The first account.
    pub desk: Arc<AccountDesk>,
    /// All accounts: a stop is for each of them.
    pub accounts: Arc<[Seat]>,
    /// Who may do what.
    pub rights: Rights,
}

impl Commands {
    /// Runs one command; `lang` is for words that are data, such as names of bots' states.
    pub async fn run(&self, (name, _options): (&str, Vec<(String, String)>), right: Right, _lang: Lang) -> Said {
        let picture = self.desk.snapshot();
        match name {
            "status" => Said::Done(status(&picture)),
            "balance" => Said::Done(balance(&picture)),
            "positions" => Said::Done(positions(&picture)),
            "profit" => Said::Done(profit(&picture)),
            "stop" if right < Right::Trade => Said::Done(not_allowed()),
            "stop" => Said::Confirm(really_stop(&picture)),
            "help" => Said::Done(help()),
            _ => Said::Done(unknown()),
        }
    }

    /// Halts trading, and says what was true after it.
    pub async fn stop(&self, right: Right, person: &str) -> Text {
        if right < Right::Trade {
            return not_allowed();
        }
        let reason = format!("Discord {person}");
        let running = self.accounts.iter().filter(|seat| seat.desk.is_running());
        let halts = running.map(|seat| seat.desk.command(Command::Halt { reason: reason.clone() }));
        let halted = join_all(halts).await;
        let is_done = |one: &Result<CommandOutcome, DeskError>| matches!(one, Ok(o) if o.reply == Reply::Done);
        match !halted.is_empty() && halted.iter().all(is_done) {
            true => stopped(&self.desk.snapshot()),
            false => Text::new(
                "🚨 정지 명령의 결과를 확인하지 못했습니다. 대시보드에서 정지 상태를 꼭 확인하십시오.",
                "🚨 The outcome of the stop is unknown. Check on the dashboard whether trading is halted.",
            ),
        }
    }
}

fn mode(picture: &Snapshot) -> (&'static str, &'static str) {
    match picture.status.mode {
        Mode::Live => ("실전", "LIVE"),
        Mode::Paper => ("모의", "PAPER"),
        Mode::Replay => ("재현", "REPLAY"),
    }
}

fn status(picture: &Snapshot) -> Text {
    let (ko, en) = mode(picture);
    let status = &picture.status;
    let mut text = Text::new(format!("[{ko}] 계좌 {}", status.account), format!("[{en}] account {}", status.account));
    let (ready_ko, ready_en) = match (status.halted, status.ready) {
        (true, _) => ("⛔ 거래 정지됨", "⛔ trading is halted"),
        (false, true) => ("✅ 주문 가능", "✅ ready"),
        (false, false) => ("⏳ 아직 주문할 수 없음", "⏳ not ready"),
    };
    add(&mut text, (ready_ko, ready_en));
    for bot in status.bots.iter().take(LINES_MAX) {
        let (ko, en) = match bot.state {
            BotState::Running => ("실행 중", "running"),
            BotState::WarmingUp => ("준비 중", "warming up"),
            BotState::Stopped => ("멈춤", "stopped"),
            BotState::Paused => ("일시 정지", "paused"),
            BotState::Halted => ("정지", "halted"),
        };
        let line = |state: &str| format!("• {} ({}): {state}", bot.id, bot.strategy);
        add(&mut text, (&line(ko), &line(en)));
    }
    let open = picture.open_orders.len();
    add(&mut text, (&format!("미체결 주문 {open}건"), &format!("{open} working orders")));
    text
}

fn balance(picture: &Snapshot) -> Text {
    let (ko, en) = mode(picture);
    let b = &picture.balance;
    let [cash, orderable, value, equity] =
        [b.cash, b.orderable_cash, b.positions_value, b.equity].map(|won| grouped(won.get()));
    Text::new(
        format!("[{ko}] 총평가 {equity}원\n예수금 {cash}원 (주문 가능 {orderable}원)\n보유 평가 {value}원"),
        format!("[{en}] equity KRW {equity}\ncash KRW {cash} (orderable KRW {orderable})\nholdings KRW {value}"),
    )
}

fn positions(picture: &Snapshot) -> Text {
    let held = &picture.positions;
    if held.is_empty() {
        return Text::new("보유 종목이 없습니다.", "Nothing is held.");
    }
    let mut text = Text::new(format!("보유 {}종목", held.len()), format!("{} holdings", held.len()));
    for p in held.iter().take(LINES_MAX) {
        let (qty, pnl) = (grouped(p.qty.get()), signed(p.unrealized_pnl.get()));
        let average = p.avg_price.split('.').next().and_then(|w| w.parse().ok()).map(grouped).unwrap_or_default();
        let last = p.last_price.map_or_else(|| "–".to_owned(), |price| grouped(price.get()));
        let name = &p.name;
        let symbol = p.symbol;
        add(
            &mut text,
            (
                &format!("• {name} {symbol} {qty}주 · 평균 {average}원 · 현재 {last}원 · {pnl}원"),
                &format!("• {name} {symbol} {qty} sh · avg KRW {average} · last KRW {last} · {pnl}"),
            ),
        );
    }
    let more = held.len().saturating_sub(LINES_MAX);
    if more > 0 {
        add(&mut text, (&format!("외 {more}종목"), &format!("and {more} more")));
    }
    text
}

fn profit(picture: &Snapshot) -> Text {
    let (ko, en) = mode(picture);
    let b = &picture.balance;
    let total = b.equity.get() - b.start_equity.get();
    let [total, realized, open] = [total, b.realized_pnl.get(), b.unrealized_pnl.get()].map(signed);
    let [fees, taxes] = [b.fees, b.taxes].map(|won| grouped(won.get()));
    Text::new(
        format!("[{ko}] 누적 손익 {total}원\n실현 {realized}원 · 평가 {open}원\n수수료 {fees}원 · 세금 {taxes}원"),
        format!("[{en}] total {total} KRW\nrealised {realized} · open {open}\nfees {fees} · taxes {taxes}"),
    )
}

fn really_stop(picture: &Snapshot) -> Text {
    let (ko, en) = mode(picture);
    let (orders, held) = (picture.open_orders.len(), picture.positions.len());
    Text::new(
        format!(
            "[{ko}] 새 주문을 모두 중지할까요? 미체결 주문 {orders}건과 보유 {held}종목은 그대로 두고, 손절 같은 청산은 \
             계속됩니다. 60초 안에 눌러 주십시오."
        ),
        format!(
            "[{en}] Stop all new orders? {orders} working orders and {held} holdings stay as they are, and exits such \
             as a stop-loss go on. Press within 60 seconds."
        ),
    )
}

fn stopped(picture: &Snapshot) -> Text {
    if !picture.status.halted {
        // Somebody resumed in the same moment.
        return Text::new("거래 정지가 곧바로 해제되었습니다.", "Trading was halted and resumed again at once.");
    }
    Text::new(
        "⛔ 거래 정지됨: 새 진입 없음, 청산은 계속됩니다. 다시 시작하려면 대시보드를 쓰십시오.",
        "⛔ Halted: no new entries, exits go on. Resume on the dashboard.",
    )
}

fn help() -> Text {
    let mut text = Text::new("명령", "Commands");
    for listed in &LISTED {
        let (ko, en) = listed.about;
        add(&mut text, (&format!("/{} – {ko}", listed.name), &format!("/{} – {en}", listed.name)));
    }
    text
}

fn add(text: &mut Text, (ko, en): (&str, &str)) {
    // Writing to a string does not fail.
    let _ = write!(text.ko, "\n{ko}");
    let _ = write!(text.en, "\n{en}");
}

/// `+1,526,000`, `-300`, `0`.
fn signed(won: i64) -> String {
    if won > 0 { format!("+{}", grouped(won)) } else { grouped(won) }
}

/// What a stranger reads: nothing about the account.
pub fn stranger() -> Text {
    Text::new("이 명령을 쓸 수 없습니다.", "You cannot use this command.")
}

fn not_allowed() -> Text {
    Text::new("조회만 할 수 있는 사용자입니다.", "You may look, not trade.")
}

fn unknown() -> Text {
    Text::new("모르는 명령입니다. /help를 보십시오.", "Unknown command; see /help.")
}

/// Too many confirmations are open.
pub fn busy() -> Text {
    Text::new(
        "확인을 기다리는 명령이 너무 많습니다. 잠시 뒤에 다시 하십시오.",
        "Too many commands wait for their confirmation.",
    )
}

/// A button that is over, or somebody else's.
pub fn stale() -> Text {
    Text::new(
        "이 단추는 더 쓸 수 없습니다. 명령을 다시 보내십시오.",
        "This button is no longer valid. Send the command again.",
    )
}

/// The question was answered with no.
pub fn left_alone() -> Text {
    Text::new("그대로 두었습니다.", "Left as it is.")
}

/// The two buttons of a question.
pub fn buttons() -> (Text, Text) {
    (Text::new("정지", "Stop"), Text::new("취소", "Cancel"))
}
