//! A bar for long work, where a person looks on.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar over `steps`, drawn on standard error; hidden where that is no terminal.
pub fn bar(steps: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(steps), target);
    match ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
