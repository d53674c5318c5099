//! The default symbol master: companies that don't exist.

use fsts_domain::{Market, Price, Symbol};

use crate::config::EmuSymbol;

/// Code, name, market and base price. Codes begin with `0Z`, which the exchange has not given out.
const DEMO: [(&str, &str, Market, i64); 8] = [
    ("0Z1010", "가온전자", Market::Kospi, 71_200),
    ("0Z1020", "한빛중공업", Market::Kospi, 38_450),
    ("0Z1030", "누리화학", Market::Kospi, 214_500),
    ("0Z1040", "미르자동차", Market::Kospi, 152_300),
    ("0Z2010", "다온바이오", Market::Kosdaq, 18_730),
    ("0Z2020", "새솔게임즈", Market::Kosdaq, 46_900),
    ("0Z2030", "온새미소프트", Market::Kosdaq, 9_640),
    ("0Z2040", "해담로보틱스", Market::Kosdaq, 4_385),
];

/// Eight fictitious companies, half of them on each market, with Korean names.
pub fn demo_symbols() -> Vec<EmuSymbol> {
    DEMO.iter()
        .map(|(code, name, market, base)| EmuSymbol {
            symbol: Symbol::from_bytes(code.as_bytes()).expect("invariant: demo codes are six letters or digits"),
            name: (*name).to_owned(),
            market: *market,
            base: Price::new(*base).expect("invariant: demo prices are positive"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fsts_krx::{FeeSchedule, RuleBook};

    #[test]
    fn the_demo_companies_have_distinct_codes_and_base_prices_on_the_tick_grid() {
        let symbols = demo_symbols();
        let rules = RuleBook::krx(FeeSchedule::NONE).on("2026-11-20".parse().unwrap());
        let mut codes: Vec<_> = symbols.iter().map(|s| s.symbol).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 8);
        for EmuSymbol { name, market, base, .. } in symbols {
            assert_eq!(rules.round_down(market, base), base, "{name}");
        }
    }
}
