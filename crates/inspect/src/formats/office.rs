//! Office files in a ZIP (OOXML, OpenDocument): macros, what is loaded from elsewhere, links, text, embedded files.

use std::io::Cursor;

use zip::ZipArchive;

use super::archive::{Entry, unpack};
use super::markup::{Piece, attribute, decoded, pieces, unescape};
use super::sheet::{self, Strings};
use crate::look::{At, Looker};
use crate::report::{Place, Reason, Trait};

/// Octets of one text part of a document that are read as markup.
const MARKUP_OCTETS_MAX: usize = 8 << 20;

/// Open elements that are followed.
const OPEN_MAX: usize = 64;

/// Kinds of relationship whose target is loaded when the document is opened.
const LOADED: [&str; 8] =
    ["attachedTemplate", "oleObject", "frame", "subDocument", "externalLinkPath", "package", "control", "image"];

/// Reads an Office file.
pub(super) fn read(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    entries: &[Entry],
    at: At,
    looker: &mut Looker<'_>,
) -> Result<(), Reason> {
    let mut outcome = Ok(());
    let mut strings = Strings::default();
    let is_shared = |entry: &&Entry| entry.name.eq_ignore_ascii_case("xl/sharedStrings.xml");
    // Texts that sheets only name by their numbers come first, in whatever order the archive has them.
    for entry in entries.iter().filter(is_shared).chain(entries.iter().filter(|entry| !is_shared(entry))) {
        if looker.is_over() {
            return Err(Reason::TimedOut);
        }
        let name = entry.name.to_ascii_lowercase();
        sign_by_name(&name, &entry.name, at, looker);
        let Some(part) = part_of(&name) else { continue };
        match unpack(archive, entry, at, looker) {
            Ok(octets) => read_part(part, &entry.name, &octets, &mut strings, at, looker),
            Err(Reason::Locked) => looker.lock(at),
            Err(why) => outcome = Err(why),
        }
    }
    looker.text(at, strings.unused().trim(), false);
    outcome
}

/// What the name of a part says alone.
fn sign_by_name(name: &str, written: &str, at: At, looker: &mut Looker<'_>) {
    if name.ends_with("vbaproject.bin") || name.starts_with("basic/") || name.starts_with("scripts/") {
        looker.sign(at, Trait::Macros, written);
    }
    if name.contains("/macrosheets/") {
        looker.sign(at, Trait::MacroSheet, written);
    }
    if name.contains("/activex/") || name.contains("/embeddings/") && name.ends_with(".bin") {
        looker.sign(at, Trait::EmbeddedObject, written);
    }
}

/// What is to be done with a part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartOf {
    /// Relationships to other parts and to elsewhere.
    Relations,
    /// Text, fields and links.
    Text,
    /// Texts of all sheets of a table.
    Strings,
    /// A sheet of a table.
    Sheet,
    /// A file of its own.
    Embedded,
}

fn part_of(name: &str) -> Option<PartOf> {
    let ends = |end: &str| name.ends_with(end);
    if ends(".rels") {
        Some(PartOf::Relations)
    } else if name.contains("/embeddings/") || ends("vbaproject.bin") || name.contains("/media/") {
        Some(PartOf::Embedded)
    } else if name == "xl/sharedstrings.xml" {
        Some(PartOf::Strings)
    } else if name.starts_with("xl/worksheets/") && ends(".xml") {
        Some(PartOf::Sheet)
    } else if ends(".xml")
        && (name.starts_with("word/") && !name.contains("/theme/") && !ends("styles.xml") && !ends("fonttable.xml")
            || name.starts_with("xl/externallinks/")
            || name.starts_with("xl/macrosheets/")
            || name.starts_with("xl/drawings/")
            || name.starts_with("ppt/slides/")
            || name == "content.xml")
    {
        Some(PartOf::Text)
    } else {
        None
    }
}

fn read_part(part: PartOf, name: &str, octets: &[u8], strings: &mut Strings, at: At, looker: &mut Looker<'_>) {
    let markup = || decoded(octets.get(..MARKUP_OCTETS_MAX).unwrap_or(octets));
    match part {
        PartOf::Relations => read_relations(&markup(), at, looker),
        PartOf::Text => read_text(&markup(), at, looker),
        PartOf::Strings => strings.read(&markup()),
        PartOf::Sheet => {
            let (rows, formulas) = sheet::read(&markup(), strings, looker.text_left());
            read_fields(&formulas, at, looker);
            looker.text(at, rows.trim(), false);
        }
        PartOf::Embedded => looker.look_inside(at, name, "", octets),
    }
}

fn read_relations(markup: &str, at: At, looker: &mut Looker<'_>) {
    for piece in pieces(markup) {
        let Piece::Open { name: "Relationship", attributes, .. } = piece else { continue };
        if !attribute(attributes, "TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external")) {
            continue;
        }
        let target = attribute(attributes, "Target").unwrap_or_default();
        let kind = attribute(attributes, "Type").unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        let is_loaded = LOADED.iter().any(|loaded| kind.eq_ignore_ascii_case(loaded));
        let is_remote = ["http:", "https:", "ftp:", "\\\\", "//", "mhtml:", "x-usc:", "ms-"]
            .iter()
            .any(|start| target.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
            || target.get(..7).is_some_and(|begin| begin.eq_ignore_ascii_case("file://"));
        // A picture from elsewhere tells that the document was opened, and no more.
        if is_loaded && is_remote && !kind.eq_ignore_ascii_case("image") {
            looker.sign(at, Trait::ExternalContent, &target);
        }
        looker.link(at, &target, "", if is_loaded { Place::Loaded } else { Place::Document });
    }
}

/// Text of all kinds of documents: what stands in elements `t`, of OpenDocument in `p`, `h`, `a` and `span`. Rows of tables are lines,
/// their cells divided by tabs.
fn read_text(markup: &str, at: At, looker: &mut Looker<'_>) {
    let mut text = String::new();
    let mut field = String::new();
    let mut open = Vec::new();
    let mut cells = 0_usize;
    for piece in pieces(markup) {
        match piece {
            Piece::Open { name, attributes, is_empty } => {
                open_element(name, attributes, at, looker);
                match name {
                    "tc" | "table-cell" if !is_empty => cells += 1,
                    // In the settings of a paragraph it is a place where tabs stop.
                    "tab" if open.last() != Some(&"tabs") => text.push('\t'),
                    "br" | "cr" | "line-break" => text.push(if cells > 0 { ' ' } else { '\n' }),
                    "s" if is_empty => text.push(' '),
                    _ => {}
                }
                if name == "instrText" || name == "fldSimple" {
                    field.push_str(&attribute(attributes, "instr").unwrap_or_default());
                }
                if !is_empty && open.len() < OPEN_MAX {
                    open.push(name);
                }
            }
            Piece::Close(name) => {
                if let Some(at) = open.iter().rposition(|open| *open == name) {
                    open.truncate(at);
                }
                match name {
                    "tc" | "table-cell" => {
                        cells = cells.saturating_sub(1);
                        end_cell(&mut text);
                    }
                    "tr" | "table-row" => {
                        text.truncate(text.trim_end_matches(['\t', ' ']).len());
                        end_line(&mut text);
                    }
                    "p" | "h" if cells > 0 => text.push(' '),
                    "p" | "h" => end_line(&mut text),
                    _ => {}
                }
            }
            Piece::Text(written) => match open.last() {
                Some(&("t" | "p" | "h" | "a" | "span")) if text.len() < looker.text_left() => {
                    text.push_str(&unescape(written));
                }
                Some(&("instrText" | "f")) if field.len() < MARKUP_OCTETS_MAX => field.push_str(&unescape(written)),
                _ => {}
            },
        }
    }
    read_fields(&field, at, looker);
    looker.text(at, text.trim(), false);
}

fn end_cell(text: &mut String) {
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\t');
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn open_element(name: &str, attributes: &str, at: At, looker: &mut Looker<'_>) {
    match name {
        "ddeLink" => {
            let service = attribute(attributes, "ddeService").unwrap_or_default();
            looker.sign(at, Trait::DataExchange, &service);
        }
        "a" | "object" | "plugin" | "event-listener" | "section-source" => {
            if let Some(target) = attribute(attributes, "href") {
                let is_script = target.starts_with("vnd.sun.star.script:");
                if is_script {
                    looker.sign(at, Trait::MacrosAtOpening, &target);
                } else {
                    looker.link(at, &target, "", Place::Document);
                }
            }
        }
        _ => {}
    }
}

/// Fields that reach out: DDE, and those that take in a file, a picture or a link.
fn read_fields(fields: &str, at: At, looker: &mut Looker<'_>) {
    let words: Vec<&str> = fields.split_whitespace().collect();
    for (place, word) in words.iter().enumerate() {
        // A formula of a table calls a program by its name, a bar and an argument.
        if word.eq_ignore_ascii_case("DDEAUTO") || word.eq_ignore_ascii_case("DDE") {
            looker.sign(
                at,
                Trait::DataExchange,
                &words.get(place..(place + 6).min(words.len())).unwrap_or_default().join(" "),
            );
        }
        let target = || words.get(place + 1).map(|target| target.trim_matches(['"', '“', '”']));
        if word.eq_ignore_ascii_case("HYPERLINK")
            && let Some(target) = target()
        {
            looker.link(at, target, "", Place::Document);
        }
        if (word.eq_ignore_ascii_case("INCLUDETEXT") || word.eq_ignore_ascii_case("INCLUDEPICTURE"))
            && let Some(target) = target()
        {
            looker.link(at, target, "", Place::Loaded);
        }
    }
    let lower = fields.to_ascii_lowercase();
    if let Some(at_call) = ["cmd|", "mshta|", "powershell|", "msexcel|"].iter().find_map(|call| lower.find(call)) {
        let evidence: String = fields.get(at_call..).unwrap_or_default().chars().take(80).collect();
        looker.sign(at, Trait::DataExchange, &evidence);
    }
}
