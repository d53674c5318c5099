//! The text format of Prometheus, version 0.0.4.

use std::fmt::Write;

use crate::runtime::meters::{BOUNDS_US, Seen};

/// What a family measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rises only.
    Counter,
    /// Rises and falls.
    Gauge,
    /// How many took no longer than so long.
    Histogram,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A text that is being written.
#[derive(Debug, Default)]
pub struct Exposition(String);

/// The family whose samples come next.
pub struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl Exposition {
    /// Begins a family; each name once.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        // Writing to a text doesn't fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {}\n", kind.word());
        Family { text: &mut self.0, name }
    }

    /// A whole histogram of seconds.
    pub fn histogram(&mut self, name: &'static str, help: &str, seen: &Seen) {
        let family = self.family(name, Kind::Histogram, help);
        let text = family.text;
        for (bound, count) in BOUNDS_US.iter().zip(seen.buckets) {
            let bound = *bound as f64 / 1e6;
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {count}");
        }
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {}", seen.count);
        let _ = writeln!(text, "{name}_sum {}", seen.sum_ns as f64 / 1e9);
        let _ = writeln!(text, "{name}_count {}", seen.count);
    }

    /// All of it.
    pub fn text(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// A sample with its labels.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: f64) {
        self.text.push_str(self.name);
        if !labels.is_empty() {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let _ = write!(self.text, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.text, " {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_numbers_are_plain() {
        let mut out = Exposition::default();
        out.family("a_total", Kind::Counter, "Two\nlines.").sample(&[("x", "q\"\\\n")], 3.0);
        out.family("b", Kind::Gauge, "B.").sample(&[], 0.5);
        let expected = "# HELP a_total Two\\nlines.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\"} 3\n\
                        # HELP b B.\n# TYPE b gauge\nb 0.5\n";
        assert_eq!(out.text(), expected);
    }
}
