//! What is wrong with files of a ranking, in the words of this command line.

use wsbench::ranking::StateError;
use wsbench::suite::SuiteError;

/// Words on a fault of a suite.
pub(crate) fn suite(error: &SuiteError) -> String {
    match error {
        SuiteError::NoSuchServer { .. } => format!("--servers: {error}"),
        error => error.to_string(),
    }
}

/// Words on a fault of the state that an interrupted ranking has left.
pub(crate) fn state(error: &StateError) -> String {
    match error {
        StateError::OfAnother { .. } => {
            format!("{error}; give --fresh to begin anew and lose it, or another --output")
        }
        StateError::OtherSeed { path, found } => format!(
            "{} is of an interrupted ranking with --seed {found}; leave --seed out to continue \
             it, or give --fresh to begin anew",
            path.display()
        ),
        StateError::Unreadable { .. } => format!("{error}; give --fresh to begin anew"),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_out_is_named() {
        let unread = StateError::Unreadable {
            path: "r.runs".into(),
            line: 1,
            reason: "no".to_owned(),
        };
        assert!(state(&unread).ends_with("give --fresh to begin anew"));
        let other = StateError::OtherSeed {
            path: "r.runs".into(),
            found: 7,
        };
        assert!(
            state(&other).contains("leave --seed out"),
            "{}",
            state(&other)
        );
    }
}
