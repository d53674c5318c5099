//! Keyword search: BM25 over the terms of passages.

use std::collections::HashMap;

use super::words::terms;

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// An index of texts by their place.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    postings: HashMap<String, Vec<(usize, f32)>>,
    lengths: Vec<f32>,
    mean: f32,
}

impl Keywords {
    /// Indexes texts.
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut index = Keywords::default();
        for (place, text) in texts.enumerate() {
            let mut counts: HashMap<String, f32> = HashMap::new();
            let found = terms(text);
            index.lengths.push(found.len() as f32);
            for term in found {
                *counts.entry(term).or_default() += 1.0;
            }
            for (term, count) in counts {
                index.postings.entry(term).or_default().push((place, count));
            }
        }
        index.mean = index.lengths.iter().sum::<f32>() / (index.lengths.len().max(1) as f32);
        index
    }

    /// The best places for a query, best first; ties by place.
    pub(super) fn search(&self, query: &str, most: usize) -> Vec<(usize, f32)> {
        let mut scores: HashMap<usize, f32> = HashMap::new();
        let mut asked = terms(query);
        asked.sort();
        asked.dedup();
        let all = self.lengths.len() as f32;
        for term in asked {
            let Some(posting) = self.postings.get(&term) else {
                continue;
            };
            let n = posting.len() as f32;
            let rarity = (1.0 + (all - n + 0.5) / (n + 0.5)).ln();
            for (place, count) in posting {
                let length = self.lengths.get(*place).copied().unwrap_or(self.mean);
                let weight = count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / self.mean.max(1.0)));
                *scores.entry(*place).or_default() += rarity * weight;
            }
        }
        best(scores.into_iter().collect(), most)
    }
}

/// The highest scores, best first; ties by place, so that a search is the same each time.
pub(super) fn best(mut scores: Vec<(usize, f32)>, most: usize) -> Vec<(usize, f32)> {
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.truncate(most);
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_passage_with_the_rare_words_comes_first() {
        let texts = ["주식 시장은 열린다", "삼성전자 주식 배당금", "주식 주식 주식 주식", "kospi market"];
        let index = Keywords::of(texts.into_iter());
        let places = |query: &str| index.search(query, 3).into_iter().map(|(p, _)| p).collect::<Vec<_>>();
        assert_eq!(places("배당금이 있는 주식을")[0], 1);
        assert_eq!(places("KOSPI"), [3]);
        assert!(places("없는말").is_empty());
    }
}
