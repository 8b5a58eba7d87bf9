//! Stored results: whatever a file holds is read or refused, and what is read is shown and written
//! again as the same.

use wsbench_load::series::Series;
use wsbench_record::stored::{self, Stored};
use wsbench_record::{document, ranking, search, sweep};
use wsbench_render::style::Style;
use wsbench_render::{brief, csv, hgrm, html, markdown, summary};
use wsbench_setting::Paths;

/// A file.
pub(crate) fn attempt(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    experiments(text);
    match stored::read(text) {
        Ok(Stored::Run(run)) => {
            assert!(!summary::render(&run, Style::default(), None).is_empty());
            assert!(!brief::render(&run, Style::default(), Some(&[0.75, 0.995]), &[]).is_empty());
            assert!(!markdown::render(&run, &Paths).is_empty());
            assert!(!csv::results(&[&run]).is_empty());
            assert!(!csv::intervals(&run).is_empty());
            // Times without a histogram have no table.
            let _ = hgrm::percentiles(run.at(Series::Service));
            let written = document::write(&run);
            let again = document::read(&written).map(|again| document::write(&again));
            assert_eq!(again.ok(), Some(written));
        }
        Ok(Stored::Repetition(read)) => {
            assert!(!wsbench_render::repetition::text(&read, Style::default()).is_empty());
            assert!(!html::repetition(&read, &Paths).is_empty());
        }
        Ok(Stored::Comparison(read)) => {
            assert!(!wsbench_render::comparison::text(&read, Style::default()).is_empty());
            assert!(!html::comparison(&read, &Paths).is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The same as a search, a sweep or a ranking.
fn experiments(text: &str) {
    let style = Style::default();
    if let Ok(read) = search::read(text) {
        assert!(!wsbench_render::search::text(&read, style).is_empty());
        assert!(!html::search(&read, &Paths).is_empty());
        assert!(!wsbench_render::search::csv(&read).is_empty());
    }
    if let Ok(read) = sweep::read(text) {
        assert!(!wsbench_render::sweep::text(&read, style).is_empty());
        assert!(!html::sweep(&read, &Paths).is_empty());
        assert!(!wsbench_render::sweep::csv(&read).is_empty());
    }
    if let Ok(read) = ranking::read(text) {
        assert!(!wsbench_render::ranking::text(&read, style).is_empty());
        assert!(!wsbench_render::ranking::markdown(&read).is_empty());
        assert!(!html::ranking(&read, &Paths).is_empty());
    }
}
