//! What a text is searched by: words of Latin letters and digits as they are, Korean words without their particles as
//! pairs of syllables.

/// Particles and endings, longest first. A noun keeps at least two syllables.
const PARTICLES: [&str; 47] = [
    "에서부터",
    "으로부터",
    "이라는",
    "에서는",
    "에게서",
    "으로는",
    "으로서",
    "으로써",
    "입니다",
    "습니다",
    "하였다",
    "했습니다",
    "까지",
    "부터",
    "에서",
    "에게",
    "한테",
    "께서",
    "보다",
    "처럼",
    "만큼",
    "이나",
    "라도",
    "이며",
    "이고",
    "이라",
    "에는",
    "에도",
    "으로",
    "라는",
    "하는",
    "하고",
    "하며",
    "했다",
    "된다",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "의",
    "에",
    "와",
    "과",
    "도",
    "로",
];
/// Longest word of Latin letters and digits that is kept.
const WORD_MAX: usize = 64;

/// The terms of a text in their order.
pub(super) fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut kind = Kind::Other;
    for letter in text.chars().flat_map(char::to_lowercase) {
        let next = kind_of(letter);
        if next != kind {
            push(&mut found, &word, kind);
            word.clear();
        }
        kind = next;
        if kind != Kind::Other {
            word.push(letter);
        }
    }
    push(&mut found, &word, kind);
    found
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hangul,
    Plain,
    Other,
}

fn kind_of(letter: char) -> Kind {
    match letter {
        '\u{ac00}'..='\u{d7a3}' => Kind::Hangul,
        c if c.is_alphanumeric() => Kind::Plain,
        _ => Kind::Other,
    }
}

fn push(found: &mut Vec<String>, word: &str, kind: Kind) {
    match kind {
        Kind::Plain => found.push(word.chars().take(WORD_MAX).collect()),
        Kind::Hangul => {
            let stem: Vec<char> = without_particle(word).chars().collect();
            if let [one] = stem.as_slice() {
                found.push(one.to_string());
            }
            found.extend(stem.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
        Kind::Other => {}
    }
}

fn without_particle(word: &str) -> &str {
    let syllables = word.chars().count();
    let stripped = PARTICLES.iter().find_map(|particle| {
        let stem = word.strip_suffix(particle)?;
        (syllables - particle.chars().count() >= 2).then_some(stem)
    });
    stripped.unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_words_lose_their_particles_and_mixed_words_stay_whole() {
        assert_eq!(terms("삼성전자는"), terms("삼성전자를"));
        assert_eq!(terms("삼성전자"), ["삼성", "성전", "전자"]);
        assert_eq!(terms("HBM3E 005930 3분기"), ["hbm3e", "005930", "3", "분기"]);
        // Two syllables are never taken apart.
        assert_eq!(terms("주가"), ["주가"]);
        assert_eq!(terms("손절 기준에서는"), ["손절", "기준"]);
        assert!(terms(" .,!").is_empty());
    }
}
