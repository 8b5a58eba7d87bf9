//! A ranking for a terminal.

use wsbench_record::ranking::Ranking;

use super::words;
use crate::page::LabelledText;
use crate::style::{Style, Tone};

/// The ranking for people, ending with a line end.
#[must_use]
pub fn render(ranking: &Ranking, style: Style) -> String {
    let mut page = LabelledText::new(style);
    page.prose("ranking", &words::heading(ranking), None);
    if let Some(cores) = words::cores(ranking) {
        page.prose("cores", &cores, None);
    }
    if let Some(reason) = &ranking.cut_short {
        page.prose("cut short", reason, Some(Tone::Doubt));
    }
    let mut label = "verdict";
    for headline in &ranking.headlines {
        page.prose(label, headline, Some(Tone::Headline));
        label = "";
    }
    for doubt in &ranking.doubts {
        page.prose("doubt", doubt, Some(Tone::Doubt));
    }
    for failure in words::failures(ranking) {
        page.prose("failed", &failure, Some(Tone::Doubt));
    }
    for league in &ranking.leagues {
        page.gap();
        let title = words::title(league);
        page.plain(&style.paint(Tone::Headline, &title));
        page.wide_table(&words::table(ranking, league));
    }
    page.gap();
    let mut label = "trade-offs";
    for front in words::fronts(ranking) {
        page.prose(label, &front, None);
        label = "";
    }
    if let Some(overall) = &ranking.overall {
        let scores = overall.scores.iter();
        let scores: Vec<String> = scores
            .map(|score| format!("{} {:.2}", score.server, score.score))
            .collect();
        let weights = words::weights(overall);
        let line = format!("by {weights}: {}", scores.join(", "));
        page.prose("overall", &line, None);
    }
    page.prose("", words::LEGEND, Some(Tone::Quiet));
    page.text
}
