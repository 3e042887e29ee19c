//! What was found in a file: what it is, what is in it, where it leads, and what nobody could look into.

use serde::{Deserialize, Serialize};

/// What a file is, by its octets first and its name last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A program: PE, ELF, Mach-O, Java archive, Android package, installer.
    Program,
    /// A script that a double click runs.
    Script,
    /// A link file of Windows, or an internet shortcut.
    Shortcut,
    /// A disk image.
    DiskImage,
    /// ZIP that is no Office file.
    Zip,
    /// Seven-Zip.
    SevenZip,
    /// RAR.
    Rar,
    /// Tape archive.
    Tar,
    /// One compressed file: gzip, xz.
    Compressed,
    /// Cabinet of Windows.
    Cabinet,
    /// Another archive that is known by its name only.
    OtherArchive,
    /// An Office file in a ZIP: OOXML, `OpenDocument`.
    Office,
    /// A compound file: Office of the old kind, or encrypted Office of the new one.
    OldOffice,
    /// A message kept by Outlook.
    OutlookMessage,
    /// A notebook section of `OneNote`.
    Notebook,
    /// PDF.
    Pdf,
    /// Rich text.
    Rtf,
    /// HTML.
    Html,
    /// SVG.
    Svg,
    /// A picture.
    Picture,
    /// A message.
    Message,
    /// Calendar data (RFC 5545).
    Calendar,
    /// Plain text.
    Text,
    /// Something else.
    #[default]
    Other,
}

impl Kind {
    /// Whether opening it runs something.
    #[must_use]
    pub const fn runs(self) -> bool {
        matches!(self, Self::Program | Self::Script | Self::Shortcut)
    }

    /// Whether it holds other files that a reader opens one by one.
    #[must_use]
    pub const fn is_container(self) -> bool {
        matches!(
            self,
            Self::DiskImage
                | Self::Zip
                | Self::SevenZip
                | Self::Rar
                | Self::Tar
                | Self::Compressed
                | Self::Cabinet
                | Self::OtherArchive
        )
    }
}

/// One file: the part itself first, then what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name, cut; within an archive with its directories.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Octets, unpacked, as far as known.
    pub size_octets: u64,
    /// Number of the file that it is in; none for the part itself.
    pub inside: Option<u32>,
    /// Files above it.
    pub depth: u32,
    /// Needs a password that the message does not name.
    pub is_locked: bool,
    /// The name hides what it is: two extensions, characters that turn the direction of writing.
    pub has_deceptive_name: bool,
}

/// Where in a file a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// To be clicked in a document.
    Document,
    /// In a QR code.
    Code,
    /// Followed or loaded without a click: a template, a frame, a form's target, a shortcut.
    Loaded,
    /// In a calendar entry.
    Calendar,
}

/// An address of a page in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Number of the file.
    pub file: u32,
    /// As written, cut.
    pub url: String,
    /// What a reader sees of it, if known.
    pub label: String,
    /// Where it stands.
    pub place: Place,
}

/// Text in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Number of the file.
    pub file: u32,
    /// The text, cut; HTML as it is written if `is_page`.
    pub text: String,
    /// Is HTML, to be read as it is shown.
    pub is_page: bool,
    /// Was recognised in a picture: letters may be wrong.
    #[serde(default)]
    pub is_recognised: bool,
}

/// What a picture looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likeness {
    /// Number of the file.
    pub file: u32,
    /// Bits that are nearly the same of pictures that look alike; see [`LIKE_BITS_MAX`].
    pub bits: u64,
}

/// Bits that may differ between two pictures that look alike.
pub const LIKE_BITS_MAX: u32 = 5;

/// Likenesses of one part that are kept.
pub(crate) const LIKENESSES_MAX: usize = 16;

/// A picture in which a program from outside may find text: made anew, grey, as JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Picture {
    /// Number of the file.
    pub(crate) file: u32,
    /// Its octets in base64.
    pub(crate) octets: String,
}

/// What is remarkable about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trait {
    /// Holds macros.
    Macros,
    /// Holds macros that run when it is opened.
    MacrosAtOpening,
    /// Holds Excel 4.0 macro sheets.
    MacroSheet,
    /// A field asks another program for data (DDE).
    DataExchange,
    /// Loads a template or an object from elsewhere when it is opened.
    ExternalContent,
    /// An object of another program is embedded.
    EmbeddedObject,
    /// An object of the equation editor, which is known for its holes.
    EquationObject,
    /// Runs a script when it is opened, or on a click.
    DocumentScript,
    /// Starts another program.
    StartsProgram,
    /// A picture with a script.
    PictureScript,
    /// A shortcut with the command that it runs.
    ShortcutCommand,
    /// An archive whose password the message names.
    NamedPassword,
    /// What it holds is of another kind than its name says.
    OtherThanNamed,
    /// The name of a file in an archive leads out of the directory where it is unpacked.
    EscapingName,
    /// Unpacks to far more than anybody sends.
    Bomb,
    /// A page writes a file for the reader (HTML smuggling).
    SmuggledFile,
    /// Holds another file in a place where nobody looks for one.
    HiddenFile,
}

/// A trait with what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// Number of the file.
    pub file: u32,
    /// What it is.
    #[serde(rename = "trait")]
    pub what: Trait,
    /// What shows it, cut.
    pub evidence: String,
}

/// Why a file could not be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Larger than what is looked at.
    TooLarge,
    /// Took too long.
    TimedOut,
    /// The parser failed and took its process along.
    Crashed,
    /// Not built as its kind says.
    Damaged,
    /// Needs a password that the message does not name.
    Locked,
    /// No reader for this form.
    Unsupported,
    /// Unpacks to more than the limit.
    Bomb,
    /// Files in files beyond the limit.
    TooDeep,
    /// More files than the limit.
    TooMany,
    /// No worker could be started.
    NoWorker,
    /// All workers were busy for too long.
    Overloaded,
}

impl Reason {
    /// Whether looking again later may succeed.
    #[must_use]
    pub const fn outlook(self) -> env::Outlook {
        match self {
            Self::NoWorker | Self::Overloaded => env::Outlook::Temporary,
            _ => env::Outlook::Permanent,
        }
    }
}

/// A file that could not be looked into, or not to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlooked {
    /// Number of the file.
    pub file: u32,
    /// Why.
    pub why: Reason,
}

/// What was found in one part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The part itself, then the files in it; others name a file by its number here.
    pub files: Vec<File>,
    /// Where it leads.
    pub links: Vec<Link>,
    /// Texts in it.
    pub texts: Vec<Text>,
    /// What is remarkable.
    pub signs: Vec<Sign>,
    /// What could not be looked into.
    pub unlooked: Vec<Unlooked>,
    /// What pictures in it look like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub likenesses: Vec<Likeness>,
    /// Pictures in which text may be; they do not leave the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pictures: Vec<Picture>,
}

impl Report {
    /// The report on a part that nobody looked into.
    #[must_use]
    pub fn unlooked(name: &str, size_octets: u64, why: Reason) -> Self {
        let file = File { name: cut(name, NAME_CHARS_MAX), size_octets, ..File::default() };
        Self { files: vec![file], unlooked: vec![Unlooked { file: 0, why }], ..Self::default() }
    }

    /// What the part is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.files.first().map_or(Kind::Other, |file| file.kind)
    }

    /// Whether a file shows a trait.
    #[must_use]
    pub fn shows(&self, what: Trait) -> bool {
        self.signs.iter().any(|sign| sign.what == what)
    }

    /// Brings what a process sent that may have been taken over back within the limits of an honest one.
    pub(crate) fn bound(&mut self) {
        self.files.truncate(FILES_MAX);
        let files = self.files.len() as u32;
        self.files.iter_mut().for_each(|file| file.name = cut(&file.name, NAME_CHARS_MAX));
        self.links.retain(|link| link.file < files);
        self.links.truncate(LINKS_MAX);
        for link in &mut self.links {
            link.url = cut(&link.url, URL_CHARS_MAX);
            link.label = cut(&link.label, LABEL_CHARS_MAX);
        }
        self.texts.retain(|text| text.file < files);
        let mut left = TEXT_OCTETS_MAX;
        for text in &mut self.texts {
            text.text = cut_octets(&text.text, left).to_owned();
            left -= text.text.len();
        }
        self.signs.retain(|sign| sign.file < files);
        self.signs.truncate(SIGNS_MAX);
        self.signs.iter_mut().for_each(|sign| sign.evidence = cut(&sign.evidence, EVIDENCE_CHARS_MAX));
        self.unlooked.retain(|unlooked| unlooked.file < files);
        self.unlooked.truncate(FILES_MAX);
        self.pictures.retain(|picture| picture.file < files);
        self.pictures.truncate(PICTURES_MAX);
        self.likenesses.retain(|likeness| likeness.file < files);
        self.likenesses.truncate(LIKENESSES_MAX);
    }
}

/// Files of one part that are named.
pub const FILES_MAX: usize = 512;

/// Links of one part that are kept.
pub const LINKS_MAX: usize = 256;

/// Pictures of one part in which text is looked for, and octets of all of them.
pub(crate) const PICTURES_MAX: usize = 6;
pub(crate) const PICTURES_OCTETS_MAX: usize = 3 << 20;

/// Signs of one part that are kept.
pub const SIGNS_MAX: usize = 128;

/// Octets of all texts of one part that are kept.
pub const TEXT_OCTETS_MAX: usize = 256 * 1024;

/// Characters of a file's name that are kept.
pub const NAME_CHARS_MAX: usize = 160;

/// Characters of an address that are kept.
pub const URL_CHARS_MAX: usize = 2048;

/// Characters of what a reader sees of a link that are kept.
pub const LABEL_CHARS_MAX: usize = 120;

/// Characters of evidence that are kept.
pub const EVIDENCE_CHARS_MAX: usize = 160;

/// The first `chars_max` characters.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// As much of `text` as fits into `octets_max`.
pub(crate) fn cut_octets(text: &str, octets_max: usize) -> &str {
    let mut end = text.len().min(octets_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
