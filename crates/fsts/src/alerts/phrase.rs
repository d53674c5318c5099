//! Numbers and foreign words inside an alert: grouped, shortened, and without anything that must not leave.

use fsts_domain::{Qty, Side, Won};

use crate::messages::Text;

/// Longest text from outside (a broker's words, a person's reason, a name) inside an alert.
const FOREIGN_MAX: usize = 120;
/// A run of this many digits may be an account number.
const DIGITS_SUSPECT: usize = 8;

/// `1,234,567`.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `+1,234` or `-1,234`.
pub fn signed(number: i64) -> String {
    if number > 0 { format!("+{}", grouped(number)) } else { grouped(number) }
}

/// The price of a trade; several prices show as their rounded average, which says so.
pub fn average(amount: Won, qty: Qty) -> Text {
    let (amount, qty) = (amount.get(), qty.get().max(1));
    let price = grouped((amount + qty / 2).div_euclid(qty));
    if amount % qty == 0 {
        Text::new(format!("{price}원"), format!("KRW {price}"))
    } else {
        Text::new(format!("평균 {price}원"), format!("KRW {price} on average"))
    }
}

/// 매수, 매도.
pub fn verb_ko(side: Side) -> &'static str {
    match side {
        Side::Buy => "매수",
        Side::Sell => "매도",
    }
}

/// buy, sell.
pub fn verb_en(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// A text from outside on one line, without invisible characters, with long runs of digits masked, cut to a bound.
pub fn clean(text: &str) -> String {
    let visible: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !is_format(*c)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    let masked = mask_digits(&words.join(" "));
    if masked.chars().count() <= FOREIGN_MAX {
        return masked;
    }
    let mut cut: String = masked.chars().take(FOREIGN_MAX - 1).collect();
    cut.push('…');
    cut
}

/// Characters that change how others are shown: zero width, direction, byte order mark.
fn is_format(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Keeps the last two digits of what may be an account number, hyphens or not.
fn mask_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() || (c == '-' && !run.is_empty()) {
            run.push(c);
        } else {
            flush(&mut out, &mut run);
            out.push(c);
        }
    }
    flush(&mut out, &mut run);
    out
}

fn flush(out: &mut String, run: &mut String) {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    if digits < DIGITS_SUSPECT {
        out.push_str(run);
    } else {
        let mut seen = 0;
        for c in run.chars().filter(char::is_ascii_digit) {
            seen += 1;
            out.push(if seen + 2 > digits { c } else { '*' });
        }
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_by_three() {
        let shown = [0, 7, 999, 1_000, 71_500, 1_234_567, -12_345, i64::MIN].map(grouped);
        let expected = ["0", "7", "999", "1,000", "71,500", "1,234,567", "-12,345", "-9,223,372,036,854,775,808"];
        assert_eq!(shown, expected);
        assert_eq!([signed(5), signed(-5000), signed(0)], ["+5", "-5,000", "0"]);
    }

    #[test]
    fn an_average_of_several_prices_says_that_it_is_one() {
        let qty = Qty::new(3).unwrap();
        assert_eq!(average(Won::new(300), qty).ko, "100원");
        assert_eq!(average(Won::new(302), qty).ko, "평균 101원");
        assert_eq!(average(Won::new(301), qty).en, "KRW 100 on average");
    }

    #[test]
    fn foreign_text_stays_on_one_line_and_within_its_bound() {
        assert_eq!(clean(" 주문\r\n가능\tcash \u{202e}x\u{200b}y "), "주문 가능 cash xy");
        let long = clean(&"가".repeat(5000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (120, true));
    }

    #[test]
    fn what_may_be_an_account_number_is_masked() {
        assert_eq!(clean("계좌 12345678-01 및 1234567801."), "계좌 ********01 및 ********01.");
        assert_eq!(clean("가격 71500, 2026-11"), "가격 71500, 2026-11");
    }
}
