//! The program: command line, settings, wiring. This file is the way in; `cli.rs` says who does what.

mod alerts;
mod cli;
mod clock;
mod exit;
mod logging;
mod messages;
mod output;
mod progress;
mod runtime;
mod services;
mod settings;
mod stopwatch;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use exit::Failure;
use messages::Lang;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    let lang = Lang::choose(&arguments, |name| std::env::var(name).ok());
    let json = arguments.iter().any(|a| a == "--json");
    // A defect ends as one sentence like any other failure; the place of a panic is worth more than its backtrace.
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("panic");
        output::fail(&Failure::failed(messages::bug(&format!("{what}{place}"))), lang, json);
    }));
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| start(&arguments, lang)));
    match ended {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            output::fail(&failure, lang, json);
            ExitCode::from(failure.exit.code())
        }
        Err(_) => ExitCode::from(exit::Exit::Failed.code()),
    }
}

fn start(arguments: &[String], lang: Lang) -> Result<(), Failure> {
    // Another provider can be in place only when a test installed it before us, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some((command, context)) = cli::parse(arguments, lang)? else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(messages::system(&e.to_string())))?;
    runtime.block_on(cli::dispatch(command, context))
}
