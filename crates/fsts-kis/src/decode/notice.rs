//! Execution notices: `H0STCNI0` and `H0STCNI9`, after decryption.

use fsts_domain::{AccountNo, OrderNumber, Side, Symbol};
use fsts_engine::{Branch, Notice, NoticeKind};

use super::{Cells, Frame, FrameError, all_or_nothing};
use crate::wire::stream::notice as cell;

/// The last cell that is read, plus one; what comes behind it moved in 2025.
const CELLS: usize = cell::ODER_QTY + 1;

/// A notice and whose it is: a registration delivers all accounts of its HTS id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    /// The account it is about.
    pub account: AccountNo,
    /// What happened.
    pub notice: Notice,
}

/// Hands every notice of a decrypted frame to `take`. A fill is known by `체결여부` 2 alone: in an order event the
/// same cells hold the order's quantity and price.
///
/// # Errors
/// [`FrameError`] when the frame is not readable to its last record; then nothing was handed out.
pub fn each_notice(frame: &Frame<'_>, take: impl FnMut(NoticeRecord)) -> Result<(), FrameError> {
    all_or_nothing::<CELLS, _>(frame, cell::WIDTH_MIN, read, take)
}

fn read(cells: &Cells<'_, CELLS>) -> Result<NoticeRecord, FrameError> {
    let account = cells.text(cell::ACNT_NO)?.parse().map_err(|_| cells.unreadable(cell::ACNT_NO))?;
    let symbol = Symbol::from_bytes(cells.bytes(cell::STCK_SHRN_ISCD).trim_ascii());
    let notice = Notice {
        number: number(cells, cell::ODER_NO)?.ok_or(cells.unreadable(cell::ODER_NO))?,
        original: number(cells, cell::OODER_NO)?,
        branch: Branch::from(cells.text(cell::BRNC_NO)?),
        symbol: symbol.map_err(|_| cells.unreadable(cell::STCK_SHRN_ISCD))?,
        side: match cells.bytes(cell::SELN_BYOV_CLS) {
            b"01" => Side::Sell,
            b"02" => Side::Buy,
            _ => return Err(cells.unreadable(cell::SELN_BYOV_CLS)),
        },
        order_qty: cells.qty(cell::ODER_QTY)?,
        kind: kind(cells)?,
    };
    Ok(NoticeRecord { account, notice })
}

fn kind(cells: &Cells<'_, CELLS>) -> Result<NoticeKind, FrameError> {
    match cells.bytes(cell::CNTG_YN) {
        b"2" => Ok(NoticeKind::Filled { qty: cells.qty(cell::CNTG_QTY)?, price: cells.price(cell::CNTG_UNPR)? }),
        b"1" => Ok(order_event(cells)),
        _ => Err(cells.unreadable(cell::CNTG_YN)),
    }
}

/// A cancel's own order is accepted first; only its confirmation says that the original is gone.
fn order_event(cells: &Cells<'_, CELLS>) -> NoticeKind {
    let is_cancel = cells.bytes(cell::RCTF_CLS) == b"2";
    match (cells.bytes(cell::RFUS_YN), cells.bytes(cell::ACPT_YN)) {
        (b"1", _) => NoticeKind::Refused,
        (_, b"3") => NoticeKind::Cancelled,
        (_, b"2") if is_cancel => NoticeKind::Cancelled,
        _ => NoticeKind::Accepted,
    }
}

/// An order number, or `None` for an empty or all-zero cell.
fn number(cells: &Cells<'_, CELLS>, cell: usize) -> Result<Option<OrderNumber>, FrameError> {
    let text = cells.text(cell)?.trim();
    if text.bytes().all(|b| b == b'0') {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| cells.unreadable(cell))
}
