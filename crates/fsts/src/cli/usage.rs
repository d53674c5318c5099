//! What clap has against a command line, as one sentence in both languages.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::exit::Failure;
use crate::messages::usage as say;

/// The failure that an unusable command line ends in.
pub fn failure(error: &clap::Error) -> Failure {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let argument = || bare(&context(ContextKind::InvalidArg));
    Failure::usage(match error.kind() {
        ErrorKind::InvalidValue if context(ContextKind::InvalidValue).is_empty() => say::value_missing(&argument()),
        ErrorKind::InvalidValue => {
            let known = context(ContextKind::ValidValue);
            say::not_among(&argument(), &context(ContextKind::InvalidValue), &known)
        }
        ErrorKind::ValueValidation => say::bad_value(&argument(), &context(ContextKind::InvalidValue)),
        ErrorKind::UnknownArgument => say::unknown_argument(&context(ContextKind::InvalidArg)),
        ErrorKind::InvalidSubcommand => say::unknown_command(&context(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => say::command_missing(),
        ErrorKind::MissingRequiredArgument => say::argument_missing(&argument()),
        ErrorKind::ArgumentConflict => say::given_twice(&argument()),
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => {
            say::value_missing(&argument())
        }
        _ => say::not_understood(),
    })
}

/// `--cash <WON>` is shown as `--cash`.
fn bare(argument: &str) -> String {
    match argument.split_once(" <") {
        Some((name, _)) => name.to_owned(),
        None => argument.to_owned(),
    }
}
