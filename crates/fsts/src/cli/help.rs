//! The clap command in the reader's language.

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::Cli;
use crate::messages::Lang;
use crate::messages::help::{Words, argument, command as about, words};

/// A command's own options are shown before those that every command has.
const FIRST: usize = 0;
const LAST: usize = 900;

/// The whole command line, with help in one language.
pub fn command(lang: Lang) -> Command {
    localized(Cli::command(), "", lang)
}

fn localized(command: Command, path: &str, lang: Lang) -> Command {
    let words = words(lang);
    let path_of = |name: &str| {
        if path.is_empty() { name.to_owned() } else { format!("{path} {name}") }
    };
    let flag = |id: &'static str, short: char, action: ArgAction| {
        Arg::new(id).long(id).short(short).action(action).help(argument("", id).get(lang).to_owned())
    };
    let mut command = command
        .about(about(path).get(lang).to_owned())
        .help_template(template(&words))
        .subcommand_help_heading(words.commands)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .mut_args(|arg| {
            let help = argument(path, arg.get_id().as_str()).get(lang).to_owned();
            let heading = if arg.is_positional() { words.arguments } else { words.options };
            let takes_values = arg.get_action().takes_values();
            let order = if matches!(arg.get_id().as_str(), "lang" | "json") { LAST } else { FIRST };
            let arg = arg.help(help).help_heading(heading).display_order(order);
            if takes_values { arg.hide_possible_values(true).hide_default_value(true) } else { arg }
        })
        .arg(flag("help", 'h', ArgAction::Help).help_heading(words.options));
    if path.is_empty() {
        command = command.arg(flag("version", 'V', ArgAction::Version).help_heading(words.options));
    }
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        let path = path_of(&name);
        command = command.mut_subcommand(name, |c| localized(c, &path, lang));
    }
    command
}

fn template(words: &Words) -> String {
    format!("{{about}}\n\n{} {{usage}}\n\n{{all-args}}", words.usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        for arg in command.get_arguments() {
            found.push((path.to_owned(), arg.get_id().to_string()));
        }
        for sub in command.get_subcommands() {
            let path = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
            found.push((path.clone(), String::new()));
            ids(sub, &path, found);
        }
    }

    #[test]
    fn every_command_and_argument_has_help_in_both_languages() {
        let mut found = Vec::new();
        ids(&Cli::command(), "", &mut found);
        assert!(found.len() > 40);
        for (path, id) in found {
            let text = if id.is_empty() { about(&path) } else { argument(&path, &id) };
            assert!(!text.ko.is_empty() && !text.en.is_empty(), "no help for `{path}` `{id}`");
            assert!(text.en.is_ascii(), "{path} {id}");
        }
    }

    #[test]
    fn help_speaks_one_language() {
        for (lang, usage, other) in [(Lang::Ko, "사용법:", "Usage:"), (Lang::En, "Usage:", "사용법:")] {
            let mut backtest = command(lang);
            let text = backtest.find_subcommand_mut("backtest").unwrap().render_help().to_string();
            assert!(text.contains(usage) && !text.contains(other), "{text}");
            assert!(lang == Lang::Ko || text.is_ascii(), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        command(Lang::En).debug_assert();
    }
}
