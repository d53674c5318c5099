//! No conversion turns a price into a proven one.

use fsts_domain::Price;
use fsts_krx::LimitPrice;

fn main() {
    let price = Price::new(4_557).unwrap();
    let _: LimitPrice = price.into();
}
