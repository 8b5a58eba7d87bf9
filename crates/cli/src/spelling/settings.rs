//! What may be wrong with a setting, in the words of flags.

use wsbench_load::plan::Why;
use wsbench_setting::Spelling as _;

use super::flags::Flags;

/// The words for what is wrong with a setting.
pub(crate) fn reason(why: Why) -> String {
    match why {
        Why::NotWith(other) => format!(
            "does not go with {}; leave one of them out",
            Flags.of(other)
        ),
        Why::Needs(other) => format!("needs {}; give that as well", Flags.of(other)),
        _ => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};
    use wsbench_setting::Field;

    use super::*;

    /// Every flag of a command and of its subcommands.
    fn collect(command: &Command, flags: &mut Vec<String>) {
        for argument in command.get_arguments() {
            flags.extend(argument.get_long().map(|long| format!("--{long}")));
            flags.extend(argument.get_short().map(|short| format!("-{short}")));
        }
        for sub in command.get_subcommands() {
            collect(sub, flags);
        }
    }

    /// A setting whose flag is renamed, or that is new and has none, is found here.
    #[test]
    fn every_setting_that_flags_make_has_a_flag_that_is_there() {
        let mut flags = Vec::new();
        collect(&crate::command_line::Cli::command(), &mut flags);
        for field in Field::ALL {
            let named = Flags.of(*field);
            assert_ne!(named, field.path());
            let brief = Flags.mention(&field.brief());
            let families = ["v4", "v6"].map(|family| Flags.mention(&Field::Family.with(family)));
            let spelled = [named.as_ref(), &brief, &families[0], &families[1]];
            let words = spelled.iter().flat_map(|words| words.split([' ', ',']));
            let words = words.filter(|word| word.starts_with('-'));
            for word in words {
                assert!(flags.iter().any(|flag| flag == word), "{field}: {word}");
            }
        }
    }
}
