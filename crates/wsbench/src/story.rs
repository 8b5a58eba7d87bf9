//! Errors told with their causes.

use std::error::Error;

/// The words of an error with its causes, but for those that it has told itself.
#[must_use]
pub fn story(error: &(dyn Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !told.contains(&words) {
            told = format!("{told}: {words}");
        }
        cause = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Told {
        words: &'static str,
        source: Option<Box<Told>>,
    }

    #[test]
    fn a_cause_is_told_once() {
        let disk = Told {
            words: "the disk is full",
            source: None,
        };
        let file = Told {
            words: "run.json: the disk is full",
            source: Some(Box::new(disk)),
        };
        assert_eq!(story(&file), "run.json: the disk is full");
        let whole = Told {
            words: "not kept",
            source: Some(Box::new(file)),
        };
        assert_eq!(story(&whole), "not kept: run.json: the disk is full");
    }
}
