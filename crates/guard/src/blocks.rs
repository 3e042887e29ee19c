//! The text of a message in pieces, each with where it stands, as payment details are looked for in.

use inspect::Report;
use mail::message::text::part_text;
use mail::message::{Part, Structure, html_to_text};
use payment::{Block, Source};

use crate::Subject;

/// Pieces of one message.
const BLOCKS_MAX: usize = 256;

/// The pieces of a message's text: subject, what its author wrote, what he quotes, and the text of its attached files.
#[must_use]
pub fn blocks(subject: &Subject, raw: &[u8], reports: &[Report]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut push = |source: Source, text: &str| {
        if !text.trim().is_empty() && blocks.len() < BLOCKS_MAX {
            blocks.push(Block { source, text: text.to_owned() });
        }
    };
    push(Source::Subject, &subject.facts.subject);
    push(Source::Body, &subject.fresh);
    push(Source::Quoted, &subject.quoted);
    // A plain text beside the page may say something else; what the page shows is read above.
    if subject.facts.oddities.has_both_texts && subject.facts.signs.texts_differ {
        let structure = Structure::parse(raw);
        let is_plain = |part: &&Part| part.is("text", "plain") && !part.is_attachment();
        for part in structure.parts.iter().filter(is_plain).take(4) {
            push(Source::Body, &part_text(raw, part).unwrap_or_default());
        }
    }
    for (number, report) in (0..).zip(reports) {
        for (sheet, text) in (0..).zip(&report.texts) {
            let source = match report.texts.len() {
                _ if text.is_recognised => Source::Picture(number),
                2.. => Source::Sheet(number, sheet),
                _ => Source::File(number),
            };
            if text.is_page {
                push(source, &html_to_text(&text.text));
            } else {
                push(source, &text.text);
            }
        }
    }
    blocks
}
