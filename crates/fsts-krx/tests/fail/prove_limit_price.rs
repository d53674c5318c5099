//! The constructor that skips the check is out of reach.

use fsts_domain::Price;
use fsts_krx::LimitPrice;

fn main() {
    let price = Price::new(4_557).unwrap();
    let _ = LimitPrice::proven(price);
}
