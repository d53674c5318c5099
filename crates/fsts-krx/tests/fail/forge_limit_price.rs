//! An order's price can't be had without asking the rules.

use fsts_domain::Price;
use fsts_krx::LimitPrice;

fn main() {
    let price = Price::new(4_557).unwrap();
    let _ = LimitPrice(price);
}
