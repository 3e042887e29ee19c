//! What of a message rules look at: its texts in pieces, its files, its label, who sends it and to whom.

use filter::inspected_parts;
use guard::Mistaken;
use inspect::{Kind, Report};
use mail::header;
use mail::message::text::part_text;
use mail::message::{ContentEncryption, Part, Structure, decode_part, html_to_text, words};
use serde::{Deserialize, Serialize};

use crate::consent;
use crate::rule::{FileKind, Person};

/// Characters of all pieces of one message that are looked at.
const CHARS_MAX: usize = 400_000;

/// Pieces of one message that are looked at.
const PIECES_MAX: usize = 1_024;

/// Where something stands. Files are counted from one, so that no name of a file is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The subject.
    Subject,
    /// What is written.
    Body,
    /// A file, by its number.
    File(u32),
    /// The name of a file.
    FileName(u32),
}

/// A text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where.
    pub place: Place,
    /// The text.
    pub text: String,
}

/// A file of the message, with what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it is, and what files in it are.
    pub kinds: Vec<FileKind>,
    /// Octets.
    pub size_octets: u64,
    /// It, or a file in it, needs a password.
    pub is_locked: bool,
}

/// Somebody who is written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    /// The domain of the address, in lowercase A-labels.
    pub domain: String,
    /// Not of the organisation.
    pub is_outside: bool,
    /// Countries that the domain, or what is known of the partner, ties it to; in capital letters.
    pub countries: Vec<String>,
    /// Whom it looks like, where it is another.
    pub mistaken: Option<Mistaken>,
}

/// A message as rules look at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// Its texts.
    pub pieces: Vec<Piece>,
    /// Its files.
    pub files: Vec<File>,
    /// Its labels, folded.
    pub labels: Vec<String>,
    /// Something in it could not be read.
    pub is_unreadable: bool,
    /// Who sends it.
    pub sender: Person,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
}

impl Content {
    /// Reads `raw`. `reports` are what [`filter::inspect_files`] gave of its files; none if nobody has looked into them, so that of files plain text
    /// alone is read.
    #[must_use]
    pub fn read(raw: &[u8], reports: Option<&[Report]>) -> Self {
        let structure = Structure::parse(raw);
        let subject = header::find(raw, "Subject").map(|field| String::from_utf8_lossy(&field.value()).into_owned());
        let subject = subject.map(|subject| words::decode(&subject).into_owned()).unwrap_or_default();
        let mut content = Self {
            labels: consent::labels(raw, &subject),
            is_unreadable: structure.truncated || ContentEncryption::of(raw, &structure).is_some(),
            ..Self::default()
        };
        let mut reader = Reader { content: &mut content, chars_left: CHARS_MAX };
        reader.push(Place::Subject, subject);
        let files = inspected_parts(&structure);
        for (number, part) in structure.parts.iter().enumerate() {
            if part.children == 0 && !part.is_attachment() && !files.contains(&number) {
                reader.body(raw, part);
            }
        }
        for (at, number) in files.iter().enumerate() {
            let Some(part) = structure.parts.get(*number) else { continue };
            reader.file(raw, part, u32::try_from(at + 1).unwrap_or(u32::MAX), reports.map(|all| all.get(at)));
        }
        content
    }
}

struct Reader<'a> {
    content: &'a mut Content,
    chars_left: usize,
}

impl Reader<'_> {
    fn push(&mut self, place: Place, text: String) {
        if text.trim().is_empty() {
            return;
        }
        let chars = text.chars().count();
        if chars > self.chars_left || self.content.pieces.len() >= PIECES_MAX {
            self.content.is_unreadable = true;
        }
        if self.content.pieces.len() < PIECES_MAX && self.chars_left > 0 {
            let text = if chars > self.chars_left { text.chars().take(self.chars_left).collect() } else { text };
            self.chars_left = self.chars_left.saturating_sub(chars);
            self.content.pieces.push(Piece { place, text });
        }
    }

    /// Text that is shown. A plain text that says what the page says is read once.
    fn body(&mut self, raw: &[u8], part: &Part) {
        let Some(text) = part_text(raw, part) else { return };
        let folded = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut before = self.content.pieces.iter().filter(|piece| piece.place == Place::Body);
        if !before.any(|piece| folded(&piece.text) == folded(&text)) {
            self.push(Place::Body, text);
        }
    }

    /// `report` is what was found of the file; none if nobody has looked, or of this one.
    fn file(&mut self, raw: &[u8], part: &Part, number: u32, report: Option<Option<&Report>>) {
        let name = part.file_name().unwrap_or_default();
        // What stands in a name is parted by whatever names may have.
        self.push(Place::FileName(number), name.replace(['_', '.', '+', '(', ')', '[', ']'], " "));
        let mut file = File { name, size_octets: u64::from(part.size_octets()), ..File::default() };
        match report {
            Some(Some(report)) => {
                for inner in &report.files {
                    let kind = kind_of(inner.kind);
                    if !file.kinds.contains(&kind) {
                        file.kinds.push(kind);
                    }
                    file.is_locked |= inner.is_locked;
                }
                file.size_octets = report.files.first().map_or(file.size_octets, |first| first.size_octets);
                self.content.is_unreadable |= !report.unlooked.is_empty() || file.is_locked;
                for text in &report.texts {
                    let shown = if text.is_page { html_to_text(&text.text) } else { text.text.clone() };
                    self.push(Place::File(number), shown);
                }
            }
            _ if part.media_type == "text" => {
                file.kinds.push(FileKind::Text);
                self.push(Place::File(number), part_text(raw, part).unwrap_or_default());
            }
            _ => {
                file.size_octets = decode_part(raw, part).map_or(file.size_octets, |octets| octets.len() as u64);
                file.kinds.push(FileKind::Other);
                self.content.is_unreadable = true;
            }
        }
        self.content.files.push(file);
    }
}

const fn kind_of(kind: Kind) -> FileKind {
    match kind {
        Kind::Program | Kind::Script | Kind::Shortcut => FileKind::Program,
        Kind::DiskImage
        | Kind::Zip
        | Kind::SevenZip
        | Kind::Rar
        | Kind::Tar
        | Kind::Compressed
        | Kind::Cabinet
        | Kind::OtherArchive => FileKind::Archive,
        Kind::Office | Kind::OldOffice | Kind::Rtf | Kind::Notebook => FileKind::Office,
        Kind::Pdf => FileKind::Pdf,
        Kind::Picture | Kind::Svg => FileKind::Picture,
        Kind::Html | Kind::Text | Kind::Calendar => FileKind::Text,
        Kind::Message | Kind::OutlookMessage => FileKind::Message,
        Kind::Other => FileKind::Other,
    }
}
