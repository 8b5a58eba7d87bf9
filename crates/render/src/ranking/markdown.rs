//! A ranking as Markdown, for a post or a repository.

use std::fmt::Write as _;

use wsbench_record::ranking::Ranking;
use wsbench_record::units::{bytes, seconds};

use super::words;
use crate::foreign::{markdown as cell, markdown_code};
use crate::table::Table;

/// The ranking as a page of Markdown, headings from the second level on.
#[must_use]
pub fn render(ranking: &Ranking) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "**{}**", cell(&words::heading(ranking)));
    if !ranking.suite.description.is_empty() {
        let _ = writeln!(text, "\n{}", cell(&ranking.suite.description));
    }
    if !ranking.headlines.is_empty() {
        text.push('\n');
    }
    for headline in &ranking.headlines {
        let _ = writeln!(text, "- {}", cell(headline));
    }
    if let Some(reason) = &ranking.cut_short {
        let _ = writeln!(text, "- **cut short**: {}", cell(reason));
    }
    for doubt in &ranking.doubts {
        let _ = writeln!(text, "- **doubt**: {}", cell(doubt));
    }
    for league in &ranking.leagues {
        let _ = writeln!(text, "\n## {}\n", cell(&words::title(league)));
        text.push_str(&words::table(ranking, league).markdown());
    }
    let _ = writeln!(text, "\n{}.", words::LEGEND);
    section(&mut text, "Trade-offs", &words::fronts(ranking));
    if let Some(overall) = &ranking.overall {
        let scores: Vec<String> = overall
            .scores
            .iter()
            .map(|score| format!("{}: {:.3}", score.server, score.score))
            .collect();
        let _ = writeln!(
            text,
            "\n## Overall, by {}\n",
            cell(&words::weights(overall))
        );
        lines(&mut text, &scores);
    }
    section(&mut text, "What failed", &words::failures(ranking));
    let _ = writeln!(text, "\n## Servers\n");
    text.push_str(&servers(ranking).markdown());
    let _ = writeln!(text, "\n## Workloads\n");
    for workload in &ranking.suite.workloads {
        let _ = writeln!(
            text,
            "- **{}**: {}. {}",
            cell(&workload.name),
            cell(&words::workload(workload)),
            markdown_code(&workload.command)
        );
    }
    let _ = writeln!(text, "\n## Machine\n\n{}", machine(ranking));
    text
}

fn section(text: &mut String, title: &str, of: &[String]) {
    if !of.is_empty() {
        let _ = writeln!(text, "\n## {title}\n");
        lines(text, of);
    }
}

fn lines(text: &mut String, of: &[String]) {
    for line in of {
        let _ = writeln!(text, "- {}", cell(line));
    }
}

/// Description of each server, with what was seen of it at large.
fn servers(ranking: &Ranking) -> Table {
    let head = [
        "server",
        "library",
        "language",
        "by default",
        "gate",
        "ready",
        "notes",
    ];
    let mut table = Table::new(&head)
        .left(0)
        .left(1)
        .left(2)
        .left(3)
        .left(4)
        .left(6);
    for entry in &ranking.servers {
        table.push(vec![
            entry.facts.name.clone(),
            entry.facts.library_and_version(),
            entry.facts.language.clone(),
            words::defaults(&entry.facts),
            words::gate(entry),
            entry.ready_s.map_or_else(String::new, seconds),
            entry.facts.notes.join("; "),
        ]);
    }
    table
}

fn machine(ranking: &Ranking) -> String {
    let host = &ranking.host;
    let mut facts = Vec::new();
    facts.extend(host.cpu_model.clone());
    facts.extend(
        host.cpus
            .map(|cpus| format!("{cpus} cores for the generator to choose from")),
    );
    facts.extend(host.memory_bytes.map(|amount| bytes(amount as f64)));
    facts.extend(host.os.clone());
    facts.extend(host.kernel.clone());
    facts.extend(words::cores(ranking));
    facts.push(format!("wsbench {}", ranking.tool_version));
    format!(
        "{}. From {} to {}, seed {}: {}",
        cell(&facts.join(", ")),
        cell(&ranking.started_at),
        cell(&ranking.ended_at),
        ranking.seed,
        markdown_code(&ranking.command)
    )
}
