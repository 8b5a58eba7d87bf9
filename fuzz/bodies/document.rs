//! Stored results: whatever a file holds is read or refused, and what is read is shown and written
//! again as the same.

use wsbench_load::series::Series;
use wsbench_record::document;
use wsbench_record::stored::{self, Stored};
use wsbench_render::style::Style;
use wsbench_render::{brief, csv, hgrm, markdown, summary};
use wsbench_setting::Paths;

/// A file.
pub(crate) fn attempt(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
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
        Ok(Stored::Repetition(_) | Stored::Comparison(_)) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
