//! The older tool's command line, taken as it stands.
//!
//! Six flags, each one letter by double dash: `--h --n --c --r --s --l`. Any of them present means
//! its mode, with its defaults for the rest. They may stand beside the output and machine flags of
//! the new command line; everything else of it is refused, so that nobody believes in a flag that
//! is not obeyed. This module only rewrites them into [`Measure`]; the run is the same run.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use wsbench_load::route::Target;

use crate::advice;
use crate::args::{
    AmountArgs, Ending, ExpectArgs, JudgeArgs, LogArgs, MachineArgs, Measure, PayloadArgs,
    PressureArgs, ServerArgs,
};
use crate::connect_args::ConnectArgs;
use crate::environment;
use crate::exit::Exit;
use crate::output_args::OutputArgs;
use crate::plan::DEFAULT_ROUNDTRIPS;
use crate::push_args::PushArgs;
use crate::session_args::SessionArgs;
use crate::usage::UsageError;
use crate::verify_arg::VerifyArg;
use crate::workload_args::WorkloadArgs;
use wsbench::defaults;
use wsbench::quantity::{self, SizeRange};

/// The flags that mean this mode.
const FLAGS: [&str; 6] = ["--h", "--n", "--c", "--r", "--s", "--l"];

/// The log file of the older tool.
const DEFAULT_LOG: &str = "./log.txt";

/// Measures a WebSocket server as the older command line says.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "wsbench",
    version,
    max_term_width = 100,
    override_usage = "wsbench --h HOST[:PORT][/PATH] [--n N] [--c N] [--r N] [--s N] [--l FILE] \
                      [OPTIONS]",
    after_help = "Any one of these flags means this mode: each client makes its round trips and is \
                  replaced by a\nfresh one at once. The times go to the log, one line a client, in \
                  seconds. See wsbench --help."
)]
pub(crate) struct Legacy {
    /// The server.
    #[arg(long = "h", value_name = "HOST[:PORT][/PATH]", default_value = "localhost:3000",
          value_parser = advice::host_port_path, help_heading = "Older command line")]
    host: Target,
    /// Clients in all.
    #[arg(long = "n", value_name = "N", default_value = "1000",
          value_parser = quantity::positive, help_heading = "Older command line")]
    clients: u64,
    /// Clients at a time.
    #[arg(long = "c", value_name = "N", default_value = "64",
          value_parser = quantity::positive_u32, help_heading = "Older command line")]
    concurrent: u32,
    /// Round trips of each client.
    #[arg(long = "r", value_name = "N", default_value_t = DEFAULT_ROUNDTRIPS,
          value_parser = quantity::positive_u32, help_heading = "Older command line")]
    roundtrips: u32,
    /// Characters of each message, of ASCII.
    #[arg(long = "s", value_name = "N", default_value_t = defaults::SIZE,
          value_parser = quantity::message_size, help_heading = "Older command line")]
    size: u32,
    /// File that the times are appended to [default: ./log.txt].
    #[arg(long = "l", value_name = "FILE", help_heading = "Older command line")]
    legacy_log: Option<PathBuf>,
    /// Use of this machine.
    #[command(flatten)]
    machine: MachineArgs,
    /// The raw log.
    #[command(flatten)]
    log: LogArgs,
    /// Destinations of results.
    #[command(flatten)]
    output: OutputArgs,
}

/// True if a command line, program name first, is of the older tool.
pub(crate) fn is_legacy(command_line: &[OsString]) -> bool {
    let words = command_line
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy());
    words.take_while(|word| word != "--").any(|word| {
        let flag = word.split('=').next().unwrap_or(&word);
        FLAGS.contains(&flag)
    })
}

/// Carries out a command line of the older tool.
///
/// # Errors
/// As [`crate::run::measure`], and what clap and [`UsageError`] refuse.
pub(crate) fn run(command_line: &[OsString]) -> anyhow::Result<Exit> {
    let given = environment::parse::<Legacy>(command_line)?;
    crate::run::measure(&given.parsed.into_measure()?, &given.words)
}

impl Legacy {
    /// The same run in the words of the new command line.
    ///
    /// # Errors
    /// [`UsageError::TwoLogs`] when both command lines name a log.
    pub(crate) fn into_measure(self) -> Result<Measure, UsageError> {
        let log = match (self.legacy_log, self.log.log) {
            (Some(_), Some(_)) => return Err(UsageError::TwoLogs),
            (Some(log), None) | (None, Some(log)) => log,
            (None, None) => PathBuf::from(DEFAULT_LOG),
        };
        Ok(Measure {
            url: Some(self.host),
            ending: Ending::default(),
            amount: AmountArgs {
                connections: Some(self.concurrent),
                messages: None,
                duration: None,
                clients: Some(self.clients),
                roundtrips: Some(self.roundtrips),
            },
            pressure: PressureArgs {
                depth: None,
                think: None,
                rate: None,
                arrival: None,
                ramp: None,
                stages: None,
                pace: None,
                max_in_flight: None,
                sessions: SessionArgs::default(),
                warmup: None,
            },
            payload: PayloadArgs {
                end: None,
                mode: None,
                workload: WorkloadArgs::default(),
                at: None,
                pushes: PushArgs::default(),
                failed: None,
                size: Some(SizeRange {
                    min: self.size,
                    max: self.size,
                }),
                message: None,
                file: None,
                template: None,
                corpus: None,
                compress: None,
                fragment: None,
                text: true,
                binary: false,
                verify: VerifyArg::Full,
                // Characters were asked for, and of ASCII each is one byte.
                ascii: true,
            },
            connect: ConnectArgs::default(),
            machine: self.machine,
            server: ServerArgs::default(),
            expect: ExpectArgs::default(),
            judge: JudgeArgs::default(),
            log: LogArgs { log: Some(log) },
            // The older tool's lines are below the eight.
            output: OutputArgs {
                verbose: true,
                ..self.output
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(words: &[&str]) -> bool {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        is_legacy(&words)
    }

    #[test]
    fn any_of_its_flags_means_its_mode() {
        for flag in FLAGS {
            assert!(is(&["wsbench", flag, "x"]), "{flag}");
            assert!(
                is(&["wsbench", "--seed", "1", &format!("{flag}=x")]),
                "{flag}"
            );
        }
        assert!(!is(&["wsbench"]));
        assert!(!is(&["wsbench", "-n", "5", "--help", "--log", "x"]));
        assert!(!is(&["wsbench", "--", "--n"]));
        assert!(!is(&["--n"]), "the program's name is no flag");
    }

    #[test]
    fn flags_of_the_new_command_line_are_not_ignored_but_refused() {
        for words in [
            &["wsbench", "--n", "5", "--depth", "4"][..],
            &["wsbench", "--n", "5", "ws://localhost/"],
            &["wsbench", "--n", "0"],
        ] {
            assert!(Legacy::try_parse_from(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn there_is_one_log() {
        let log = |words: &[&str]| {
            let measure = Legacy::try_parse_from(words).unwrap().into_measure();
            measure.map(|measure| measure.log.log.unwrap())
        };
        assert_eq!(log(&["wsbench", "--log", "a"]).unwrap(), PathBuf::from("a"));
        assert_eq!(log(&["wsbench", "--l=b"]).unwrap(), PathBuf::from("b"));
        assert!(matches!(
            log(&["wsbench", "--l=b", "--log", "a"]),
            Err(UsageError::TwoLogs)
        ));
    }
}
