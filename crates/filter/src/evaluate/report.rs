//! A report for people.

use std::fmt::Write;

use super::{Interval, Report, Task};

/// The report as tables in Markdown.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut out = String::from(
        "| experiment | task | bad | honest | ROC-AUC | recall at 0.1 % | recall at 1 % | false positives at 0.1 %, 1 % |\n|---|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for outcome in &report.outcomes {
        let figures = &outcome.figures;
        let task = if outcome.task == Task::Spam { "spam" } else { "phish" };
        let _ = writeln!(
            out,
            "| {} | {task} | {} | {} | {} | {} | {} | {:.2} %, {:.2} % |",
            outcome.experiment,
            figures.bad,
            figures.honest,
            shown(figures.auc, 4),
            shown(figures.recall_at_tenth_percent, 3),
            shown(figures.recall_at_one_percent, 3),
            figures.false_positives.at_tenth_percent * 100.0,
            figures.false_positives.at_one_percent * 100.0,
        );
    }
    parts(report, &mut out);
    out
}

fn shown(interval: Interval, digits: usize) -> String {
    let Interval { value, low, high } = interval;
    format!("{value:.digits$} ({low:.digits$}-{high:.digits$})")
}

/// By language and source, and honest texts.
fn parts(report: &Report, out: &mut String) {
    let _ = writeln!(
        out,
        "\n| experiment | task | of | messages | above 0.1 % | above 1 % |\n|---|---|---|---:|---:|---:|"
    );
    for outcome in &report.outcomes {
        let task = if outcome.task == Task::Spam { "spam" } else { "phish" };
        let rows = [
            ("recall", &outcome.figures.by_language),
            ("recall", &outcome.figures.by_source),
            ("false", &outcome.figures.false_positives_by_source),
        ];
        for (kind, of) in rows {
            for (name, shares) in of.iter().filter(|(_, shares)| shares.count >= 5) {
                let (tenth, one) = (shares.at_tenth_percent, shares.at_one_percent);
                let _ = writeln!(
                    out,
                    "| {} | {task} {kind} | {name} | {} | {tenth:.3} | {one:.3} |",
                    outcome.experiment, shares.count
                );
            }
        }
    }
    if !report.honest.is_empty() {
        let _ = writeln!(out, "\n| honest texts in | count | above Junk | above 1 % |\n|---|---:|---:|---:|");
        for (language, honest) in &report.honest {
            let _ = writeln!(out, "| {language} | {} | {} | {} |", honest.count, honest.junk, honest.at_one_percent);
        }
    }
    let _ = writeln!(out, "\n| label | messages | above Junk |\n|---|---:|---:|");
    for (label, [count, junk]) in &report.above_junk {
        let _ = writeln!(out, "| {label} | {count} | {junk} |");
    }
}
