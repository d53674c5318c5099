//! Texts of states that the status shows: why nothing may leave, and why a symbol is frozen.

use super::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Text] = &[
    Text { code: "starting",
        ko: ("시작하는 중이에요", "장부를 읽고 있어요."),
        en: ("starting", "The books are being read.") },
    Text { code: "stopping",
        ko: ("끝내는 중이에요", "프로그램이 멈추고 있어요."),
        en: ("stopping", "The program is ending.") },
    Text { code: "journal_failed",
        ko: ("저널이 고장 났어요", "다시 시작할 때까지 주문을 내지 않아요."),
        en: ("the journal has failed", "No order leaves until a restart.") },
    Text { code: "stream_down",
        ko: ("실시간 연결이 끊겼어요", "시세와 체결 통보를 받지 못하고 있어요."),
        en: ("the stream is down", "Neither quotes nor notices arrive.") },
    Text { code: "reconciling",
        ko: ("증권사와 맞추는 중이에요", "주문과 잔고를 조회하고 있어요."),
        en: ("reconciling", "Orders and account are being read from the broker.") },
    Text { code: "ambiguous_order",
        ko: ("결과를 모르는 주문이 있어요", "주문이 접수되었는지 확인하고 있어요."),
        en: ("an order's outcome is unknown", "Whether the broker has the order is being found out.") },
    Text { code: "quantity_mismatch",
        ko: ("증권사 잔고와 달라요", "증권사가 가진 수량과 장부가 맞지 않아요."),
        en: ("the broker holds another quantity", "Books and the broker's holdings differ.") },
    Text { code: "correction",
        ko: ("체결이 되돌려졌어요", "장부에 적은 체결을 증권사가 되돌렸어요."),
        en: ("a fill was taken back", "The broker took back a fill that had been booked.") },
];
