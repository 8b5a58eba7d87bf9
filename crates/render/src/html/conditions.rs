//! Conditions that a result was held against, on its page.

use wsbench_record::condition::{Judgement, State};

use super::markup::Markup;

/// The conditions as a list, like that of doubts; nothing of none.
pub(super) fn conditions(judgements: &[Judgement]) -> Markup {
    let mut list = Markup::new();
    for judgement in judgements {
        let class = match judgement.state {
            State::Holds => "bad",
            State::DoesNotHold => "quiet",
            State::CannotBeJudged => "doubt",
        };
        list.open("li", &[("class", class)]);
        list.element("b", &[], "fail if")
            .text(" ")
            .text(&judgement.words);
        list.close("li");
    }
    let mut all = Markup::new();
    if !list.is_empty() {
        all.wrapped("ul", &[("class", "caveats")], &list);
    }
    all
}
