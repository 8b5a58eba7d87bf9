//! Flags by the environment: `WSBENCH_RATE=20k` is `--rate 20k`, where that is not given.
//!
//! Every flag with a long name has such a variable, of every command, since it is the parser's list
//! of flags that is gone through. An empty variable is none. Of a flag without a value `true`, `1`,
//! `yes` or `on` sets it; of one whose value may be left out all of these but `1` are the flag alone,
//! and `false`, `no` and `off` are none. A flag that may be given more than once has a value a line.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process;

use clap::builder::BoolishValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, Parser};

use crate::exit::say;

/// The beginning of every variable.
const PREFIX: &str = "WSBENCH_";
/// Variables that are no flags: the folder of the last result, and those of this program's tests.
const OTHERS: [&str; 4] = [
    "WSBENCH_STATE_DIR",
    "WSBENCH_BLESS",
    "WSBENCH_PRINT",
    "WSBENCH_SEEDS",
];
/// A name is near another from this similarity on (Jaro and Winkler's, from 0 to 1).
const NEAR: f64 = 0.8;

/// A command line with what the environment adds to it.
pub(crate) struct Given<P> {
    /// What it says.
    pub(crate) parsed: P,
    /// The same in words, as if all of it had been flags.
    pub(crate) words: Vec<OsString>,
}

/// Parses a command line, program name first, with the flags of the environment.
///
/// # Errors
/// Refusals of clap; the variables that were read are said before.
pub(crate) fn parse<P: Parser>(command_line: &[OsString]) -> Result<Given<P>, clap::Error> {
    let command = P::command();
    // A subcommand is the first word: clap refuses flags before one.
    let first = command_line.get(1).and_then(|word| word.to_str());
    let asked = first.and_then(|word| command.find_subcommand(word));
    let head = if asked.is_some() { 2 } else { 1 };
    let (head, rest) = command_line.split_at(head.min(command_line.len()));
    let bare = bare_flags(rest, asked.unwrap_or(&command));
    let command_line = [head, &bare, rest].concat();
    let asked = asked.map(|asked| (asked.get_name().to_owned(), asked.is_hide_set()));
    let mut command = match asked {
        // Of us alone, who say all that it needs.
        Some((_, true)) => command,
        Some((name, false)) => command.mut_subcommand(name, with_environment),
        None => with_environment(command),
    };
    let matches = command.try_get_matches_from_mut(&command_line);
    let matches = matches.inspect_err(note_on)?;
    Ok(Given {
        parsed: P::from_arg_matches(&matches)?,
        words: words(&command_line, &command, &matches),
    })
}

/// A word of the environment for a flag whose value may be left out; `None` of a value.
fn is_wanted(argument: &Arg) -> Option<bool> {
    let is_optional = argument.get_num_args()?.min_values() == 0;
    let has_value = matches!(argument.get_action(), ArgAction::Set);
    let name = variable(argument).filter(|_| is_optional && has_value)?;
    match env::var(name).ok()?.to_lowercase().as_str() {
        "true" | "yes" | "on" => Some(true),
        "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Flags of a command that the environment wants without a value, but for those that are given.
fn bare_flags(given: &[OsString], command: &Command) -> Vec<OsString> {
    let is_given = |flag: &str| {
        let mut words = given.iter().map(|word| word.to_string_lossy());
        words.any(|word| word == flag || word.starts_with(&format!("{flag}=")))
    };
    let wanted = command.get_arguments();
    let wanted = wanted.filter(|argument| is_wanted(argument) == Some(true));
    let flags = wanted.filter_map(Arg::get_long).map(|it| format!("--{it}"));
    let flags = flags.filter(|flag| !is_given(flag)).map(OsString::from);
    flags.collect()
}

/// The variable of a flag; `None` of one that has no long name.
fn variable(argument: &Arg) -> Option<String> {
    let long = argument.get_long().filter(|long| long.len() > 1)?;
    let name = long.to_uppercase().replace('-', "_");
    Some(format!("{PREFIX}{name}"))
}

/// The same command, whose flags that the environment names take their values from there.
fn with_environment(command: Command) -> Command {
    command.mut_args(|argument| {
        let is_set = |name: &String| env::var_os(name).is_some_and(|value| !value.is_empty());
        let Some(name) = variable(&argument).filter(is_set) else {
            return argument;
        };
        if is_wanted(&argument).is_some() {
            return argument;
        }
        let argument = argument.env(name).hide_env(true);
        match argument.get_action() {
            ArgAction::SetTrue => argument.value_parser(BoolishValueParser::new()),
            // A list between other signs is one value here as well.
            ArgAction::Append if argument.get_value_delimiter().is_none() => {
                argument.value_delimiter('\n')
            }
            _ => argument,
        }
    })
}

/// The words of a command line with those flags behind its command that the environment has given.
fn words(command_line: &[OsString], command: &Command, matches: &ArgMatches) -> Vec<OsString> {
    let asked = matches.subcommand();
    let asked = asked.and_then(|(name, its)| Some((command.find_subcommand(name)?, its, 2)));
    let (command, matches, head) = asked.unwrap_or((command, matches, 1));
    let (head, rest) = command_line.split_at(head.min(command_line.len()));
    let mut words = head.to_vec();
    for argument in command.get_arguments() {
        let id = argument.get_id().as_str();
        let Some(long) = argument.get_long() else {
            continue;
        };
        if matches.value_source(id) != Some(ValueSource::EnvVariable) {
            continue;
        }
        let flag = format!("--{long}");
        if matches!(argument.get_action(), ArgAction::SetTrue) {
            words.extend(matches.get_flag(id).then(|| flag.into()));
        } else {
            let values = matches.get_raw(id).into_iter().flatten();
            words.extend(values.map(|value| joined(&flag, value)));
        }
    }
    words.extend_from_slice(rest);
    words
}

fn joined(flag: &str, value: &OsStr) -> OsString {
    let mut word = OsString::from(format!("{flag}="));
    word.push(value);
    word
}

/// Variables of this program that are set.
fn set() -> impl Iterator<Item = (String, OsString)> {
    let all = env::vars_os().filter(|(_, value)| !value.is_empty());
    all.filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        name.starts_with(PREFIX).then_some((name, value))
    })
}

/// All that the environment says, as flags, whatever command it is for.
pub(crate) fn as_flags() -> Vec<OsString> {
    let flags = set().flat_map(|(name, value)| {
        let flag = name[PREFIX.len()..].to_lowercase().replace('_', "-");
        let value = value.to_string_lossy().into_owned();
        let lines = value
            .lines()
            .map(|line| joined(&format!("--{flag}"), line.as_ref()));
        lines.collect::<Vec<_>>()
    });
    flags.collect()
}

/// Takes the variables of flags away from a program that is told all by its flags.
pub(crate) fn removed_from(command: &mut process::Command) {
    for (name, _) in set() {
        command.env_remove(name);
    }
}

/// Says of variables that name no flag which one may be meant.
pub(crate) fn warn(ours: impl FnOnce() -> Command) {
    let set: Vec<_> = set().collect();
    // All flags there are take their time to name.
    if set.is_empty() {
        return;
    }
    let known = known(&ours());
    for (name, _) in set.iter().filter(|(name, _)| !known.contains(name)) {
        let meant = nearest(name, &known);
        let meant = meant.map_or_else(String::new, |meant| format!("; is {meant} meant?"));
        say(&format!("warning: no flag is called as {name} says{meant}"));
    }
}

/// The variables of all flags, and the others that there are.
fn known(command: &Command) -> Vec<String> {
    let all = command.get_subcommands().chain([command]);
    let flags = all.flat_map(Command::get_arguments).filter_map(variable);
    flags.chain(OTHERS.map(str::to_owned)).collect()
}

fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    let likeness =
        |other: &String| strsim::jaro_winkler(&name[PREFIX.len()..], &other[PREFIX.len()..]);
    let near = known.iter().map(|other| (likeness(other), other));
    let near = near.filter(|(likeness, _)| *likeness >= NEAR);
    near.max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other)
}

/// Says which variables are set where a command line is refused, for one of them may be the cause.
fn note_on(error: &clap::Error) {
    let names = set().map(|(name, _)| name);
    let names: Vec<String> = names.filter(|it| !OTHERS.contains(&it.as_str())).collect();
    if error.use_stderr() && !names.is_empty() {
        say(&format!("note: the environment sets {}", names.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_line::Cli;
    use clap::CommandFactory;

    #[test]
    fn every_long_flag_has_a_variable() {
        let command = Cli::command();
        let known = known(&command);
        for name in [
            "WSBENCH_RATE",
            "WSBENCH_FAIL_IF",
            "WSBENCH_SLO",
            "WSBENCH_STATE_DIR",
        ] {
            assert!(known.iter().any(|it| it == name), "{name}");
        }
        let of = |name: &str| variable(&Arg::new("x").long(name.to_owned()));
        assert_eq!(
            of("max-in-flight").as_deref(),
            Some("WSBENCH_MAX_IN_FLIGHT")
        );
        assert_eq!(variable(&Arg::new("x").short('x')), None);
    }

    #[test]
    fn a_misspelt_variable_is_told_the_nearest() {
        let known = known(&Cli::command());
        for (name, meant) in [
            ("WSBENCH_RAET", Some("WSBENCH_RATE")),
            ("WSBENCH_CONECTIONS", Some("WSBENCH_CONNECTIONS")),
            ("WSBENCH_FAILIF", Some("WSBENCH_FAIL_IF")),
            ("WSBENCH_QQQ", None),
        ] {
            assert_eq!(nearest(name, &known).map(String::as_str), meant, "{name}");
        }
    }
}
