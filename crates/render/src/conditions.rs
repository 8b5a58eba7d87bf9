//! Conditions that a result was held against, as each form tells them.

use wsbench_record::condition::{Judgement, State};

use crate::foreign::markdown as cell;
use crate::page::LabelledText;
use crate::style::Tone;

/// Sign of an answer.
pub(crate) fn sign(state: State) -> &'static str {
    match state {
        State::Holds => "✕",
        State::DoesNotHold => "✓",
        State::CannotBeJudged => "?",
    }
}

/// Tone of an answer.
pub(crate) fn tone(state: State) -> Tone {
    match state {
        State::Holds => Tone::Bad,
        State::DoesNotHold => Tone::Good,
        State::CannotBeJudged => Tone::Doubt,
    }
}

/// Words of a judgement behind its sign: `✕ fail-if p99>5ms: holds (…)`.
pub(crate) fn words(judgement: &Judgement) -> String {
    format!("{} fail-if {}", sign(judgement.state), judgement.words)
}

/// Puts them on a page of text, below a gap; nothing of none.
pub(crate) fn put(page: &mut LabelledText, conditions: &[Judgement]) {
    for judgement in conditions {
        page.prose(
            "fail if",
            &format!("{} {}", sign(judgement.state), judgement.words),
            Some(tone(judgement.state)),
        );
    }
}

/// The same as a list in Markdown, with an empty line behind it; nothing of none.
pub(crate) fn markdown(conditions: &[Judgement]) -> String {
    let items = conditions.iter();
    let items = items.map(|one| format!("- {}\n", cell(&words(one))));
    let text: String = items.collect();
    if text.is_empty() { text } else { text + "\n" }
}

/// The same in one cell of CSV; `None` of none.
pub(crate) fn column(conditions: &[Judgement]) -> Option<String> {
    let words: Vec<&str> = conditions.iter().map(|one| one.words.as_str()).collect();
    (!words.is_empty()).then(|| words.join("; "))
}
