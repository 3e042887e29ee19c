//! HTML as a reader sees it: the text that is shown, the text that is hidden, links with what they show, forms, pictures.

mod sheet;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use mail::message::Rows;
use xxhash_rust::xxh3::xxh3_64;

use sheet::Sheet;

/// Octets of one HTML part that are read.
pub(crate) const HTML_OCTETS_MAX: usize = 512 * 1024;

/// Octets of shown text, and as many of hidden, that are kept.
const TEXT_OCTETS_MAX: usize = 256 * 1024;

/// Links, forms and pictures that are kept.
const REFERENCES_MAX: usize = 512;

/// Open elements that are followed.
const DEPTH_MAX: usize = 256;

/// Start tags whose order is kept.
const ROW_MAX: usize = 2000;

/// Octets of the text of one link that are kept.
const LABEL_OCTETS_MAX: usize = 256;

/// What an HTML part holds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Page {
    /// Text that is shown.
    pub(crate) text: String,
    /// Text that is there and not shown.
    pub(crate) hidden: String,
    pub(crate) references: Vec<Reference>,
    pub(crate) counts: Counts,
    /// Start tags in their order, each by a number of its name.
    pub(crate) row: Vec<u32>,
}

/// Something that leads or loads from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) kind: ReferenceKind,
    pub(crate) target: String,
    /// Text shown for a link.
    pub(crate) label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReferenceKind {
    Link,
    Form,
    Picture,
    Refresh,
}

/// How often what is remarkable occurs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Counts {
    /// All start tags.
    pub elements: u32,
    /// Forms.
    pub forms: u32,
    /// Fields for passwords.
    pub password_fields: u32,
    /// Scripts, and elements with a handler of events.
    pub scripts: u32,
    /// Frames, objects, embedded things.
    pub frames: u32,
    /// Pictures.
    pub pictures: u32,
    /// Pictures that the message brings along (`cid:` of RFC 2392).
    #[serde(default)]
    pub own_pictures: u32,
    /// Those of them that stand before any word.
    #[serde(default)]
    pub leading_pictures: u32,
    /// Pictures of at most three pixels.
    pub tracking_pictures: u32,
    /// Comments.
    pub comments: u32,
    /// Tables.
    pub tables: u32,
    /// Tags that HTML does not know.
    pub unknown_elements: u32,
    /// A script writes data into a file for the reader (HTML smuggling).
    pub smuggling: u32,
}

impl Counts {
    /// Adds those of another part.
    pub(crate) fn add(&mut self, other: Self) {
        for (mine, more) in [
            (&mut self.elements, other.elements),
            (&mut self.forms, other.forms),
            (&mut self.password_fields, other.password_fields),
            (&mut self.scripts, other.scripts),
            (&mut self.frames, other.frames),
            (&mut self.pictures, other.pictures),
            (&mut self.own_pictures, other.own_pictures),
            (&mut self.leading_pictures, other.leading_pictures),
            (&mut self.tracking_pictures, other.tracking_pictures),
            (&mut self.comments, other.comments),
            (&mut self.tables, other.tables),
            (&mut self.unknown_elements, other.unknown_elements),
            (&mut self.smuggling, other.smuggling),
        ] {
            *mine = mine.saturating_add(more);
        }
    }
}

/// Reads `html` within its limits.
pub(crate) fn read(html: &str) -> Page {
    let mut end = html.len().min(HTML_OCTETS_MAX);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let html = html.get(..end).unwrap_or_default();
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    let octets: StrTendril = StrTendril::from_slice(html);
    input.push_back(octets);
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.state.into_inner().page
}

#[derive(Default)]
struct Sink {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    page: Page,
    sheet: Sheet,
    open: Vec<Open>,
    /// Breaks and paragraphs since something was seen.
    breaks: u32,
    /// So many of them came that nobody reads on.
    is_below: bool,
    /// Index of the link that is open.
    link: Option<usize>,
    rows: Rows,
}

/// An open element that changes what is seen below it.
#[derive(Clone)]
struct Open {
    name: String,
    /// Nothing below it is seen, whatever it says of itself.
    hidden: bool,
    /// Letters too small to be read, until an element below says another size.
    tiny: bool,
    colour: Option<u32>,
    background: Option<u32>,
    raw: bool,
}

impl Open {
    /// Whether text in it is not seen; the colour of its letters is lost on what is behind them, which is white where nobody says.
    fn is_unseen(&self) -> bool {
        let lost = |colour| is_near(colour, self.background.unwrap_or(0x00ff_ffff));
        self.hidden || self.tiny || self.colour.is_some_and(lost)
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.start(&tag),
            Token::TagToken(tag) => state.end(&tag.name),
            Token::CommentToken(_) => state.page.counts.comments += 1,
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn text(&mut self, text: &str) {
        let inner = self.open.last();
        if let Some(open) = inner.filter(|open| open.raw) {
            match open.name.as_str() {
                "script" if is_smuggling(text) => self.page.counts.smuggling += 1,
                "style" => self.sheet.push(text),
                _ => {}
            }
            return;
        }
        let hidden = self.is_below || inner.is_some_and(Open::is_unseen);
        if !hidden && text.contains(|c: char| !c.is_whitespace() && c != '\u{a0}') {
            self.breaks = 0;
        }
        let slot = if hidden { &mut self.page.hidden } else { &mut self.page.text };
        push_collapsed(slot, text, TEXT_OCTETS_MAX);
        if let Some(link) = self.link.and_then(|link| self.page.references.get_mut(link)) {
            push_collapsed(&mut link.label, text, LABEL_OCTETS_MAX);
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let counts = &mut self.page.counts;
        counts.elements = counts.elements.saturating_add(1);
        if self.page.row.len() < ROW_MAX {
            self.page.row.push(xxh3_64(name.as_bytes()) as u32);
        }
        self.count(name, tag);
        self.refer(name, tag);
        if is_block(name) {
            self.part();
        }
        match name {
            "br" | "p" | "div" => self.breaks += 1,
            "img" => self.breaks = 0,
            _ => {}
        }
        self.is_below |= self.breaks > BREAKS_MAX;
        self.rows.start(name, &self.page.text);
        if is_void(name) || tag.self_closing && !matches!(name, "a" | "div" | "span" | "p") {
            return TokenSinkResult::Continue;
        }
        let raw = match name {
            "script" => Some(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
            "title" | "textarea" => Some(RawKind::Rcdata),
            _ => None,
        };
        if self.open.len() < DEPTH_MAX {
            let mut style = Style::of(tag);
            style.hidden |=
                ["class", "id"].iter().any(|name| value(tag, name).is_some_and(|names| self.sheet.hides(names)));
            let parent = self.open.last();
            let background = style.background.or_else(|| parent.and_then(|open| open.background));
            let colour = style.colour.or_else(|| parent.and_then(|open| open.colour));
            let hidden = parent.is_some_and(|open| open.hidden) || style.hidden || name == "head";
            let tiny = style.tiny.unwrap_or_else(|| parent.is_some_and(|open| open.tiny));
            let is_raw = raw.is_some() && name != "textarea";
            self.open.push(Open { name: name.to_owned(), hidden, tiny, colour, background, raw: is_raw });
        }
        raw.map_or(TokenSinkResult::Continue, TokenSinkResult::RawData)
    }

    fn end(&mut self, name: &str) {
        match name {
            "a" => self.link = None,
            "style" => self.sheet.finish(),
            _ => {}
        }
        if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
            self.open.truncate(at);
        }
        if name == "head" || name == "body" {
            self.open.retain(|open| open.name != "head");
        }
        if is_block(name) {
            self.part();
        }
        self.rows.end(name, &mut self.page.text);
    }

    /// A gap between blocks.
    fn part(&mut self) {
        if !self.page.text.is_empty() && !self.page.text.ends_with('\n') {
            self.page.text.push('\n');
        }
    }

    fn count(&mut self, name: &str, tag: &Tag) {
        let counts = &mut self.page.counts;
        match name {
            "form" => counts.forms += 1,
            "input" if value(tag, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("password")) => {
                counts.password_fields += 1;
            }
            "script" => counts.scripts += 1,
            "iframe" | "object" | "embed" | "frame" | "applet" => counts.frames += 1,
            "table" => counts.tables += 1,
            "img" => {
                counts.pictures += 1;
                let tiny =
                    |side| value(tag, side).and_then(|size| size.trim().parse::<u32>().ok()).is_some_and(|px| px <= 3);
                counts.tracking_pictures += u32::from(tiny("width") || tiny("height"));
                let is_own = value(tag, "src")
                    .and_then(|source| source.trim_start().get(..4))
                    .is_some_and(|start| start.eq_ignore_ascii_case("cid:"));
                counts.own_pictures += u32::from(is_own);
                counts.leading_pictures += u32::from(is_own && self.page.text.trim().is_empty());
            }
            "body" => self.open.retain(|open| open.name != "head"),
            _ if !name.contains([':', '-']) && !is_known(name) => counts.unknown_elements += 1,
            _ => {}
        }
        if tag.attrs.iter().any(|attribute| attribute.name.local.starts_with("on")) {
            self.page.counts.scripts += 1;
        }
    }

    fn refer(&mut self, name: &str, tag: &Tag) {
        let (kind, target) = match name {
            "a" | "area" => (ReferenceKind::Link, value(tag, "href")),
            "form" => (ReferenceKind::Form, value(tag, "action")),
            "img" => (ReferenceKind::Picture, value(tag, "src")),
            "body" | "table" | "td" => (ReferenceKind::Picture, value(tag, "background")),
            "meta" => (ReferenceKind::Refresh, refresh(tag)),
            "iframe" | "frame" | "embed" => (ReferenceKind::Refresh, value(tag, "src")),
            _ => return,
        };
        if name == "a" {
            self.link = None;
        }
        let Some(target) = target.map(str::trim).filter(|target| !target.is_empty()) else { return };
        if self.page.references.len() >= REFERENCES_MAX {
            return;
        }
        if name == "a" {
            self.link = Some(self.page.references.len());
        }
        let mut target = target.to_owned();
        target.retain(|c| !matches!(c, '\n' | '\r' | '\t'));
        self.page.references.push(Reference { kind, target, label: String::new() });
    }
}

fn value<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

fn refresh(tag: &Tag) -> Option<&str> {
    let is_refresh = value(tag, "http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh"));
    let content = value(tag, "content").filter(|_| is_refresh)?;
    content.split_once('=').map(|(_, target)| target)
}

fn is_smuggling(script: &str) -> bool {
    let has = |needle| script.contains(needle);
    (has("Blob(") || has("msSaveOrOpenBlob") || has("atob(") || has("fromCharCode"))
        && (has("createObjectURL") || has("download") || has("document.write") || has("location"))
}

/// What a style says of being seen.
#[derive(Default)]
struct Style {
    hidden: bool,
    tiny: Option<bool>,
    colour: Option<u32>,
    background: Option<u32>,
}

impl Style {
    fn of(tag: &Tag) -> Self {
        let mut style = Self::default();
        for attribute in &tag.attrs {
            let value: &str = &attribute.value;
            match &*attribute.name.local {
                "hidden" => style.hidden = true,
                "bgcolor" => style.background = colour(value),
                "color" => style.colour = colour(value),
                "style" => style.declarations(value),
                _ => {}
            }
        }
        style
    }

    fn declarations(&mut self, text: &str) {
        for declaration in text.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.trim().trim_end_matches("!important").trim().to_ascii_lowercase();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => self.hidden |= value == "none",
                "visibility" => self.hidden |= value == "hidden" || value == "collapse",
                "opacity" => self.hidden |= value.parse::<f32>().is_ok_and(|opacity| opacity < 0.1),
                "font-size" => self.tiny = Some(is_tiny(&value)),
                "max-height" | "max-width" => self.hidden |= is_tiny(&value),
                "margin-top" | "padding-top" | "margin" | "padding" => self.hidden |= is_far_down(&value),
                "color" => self.colour = colour(&value),
                "background" | "background-color" => {
                    self.background = value.split_whitespace().find_map(colour).or(self.background);
                }
                "text-indent" => self.hidden |= value.starts_with('-') && value.len() > 5,
                _ => {}
            }
        }
    }
}

/// Breaks and paragraphs without anything to see, after which nobody reads on.
const BREAKS_MAX: u32 = 40;

/// Pixels that push a text so far down that nobody comes to it.
const FAR_PIXELS: f32 = 3000.0;

/// A distance, the first of several, beyond [`FAR_PIXELS`].
fn is_far_down(value: &str) -> bool {
    let first = value.split_ascii_whitespace().next().unwrap_or_default();
    first.strip_suffix("px").and_then(|number| number.parse::<f32>().ok()).is_some_and(|far| far > FAR_PIXELS)
}

/// A length under three pixels.
fn is_tiny(value: &str) -> bool {
    let number = value.trim_end_matches("px").trim_end_matches("pt");
    !value.ends_with(['%', 'm']) && number.parse::<f32>().is_ok_and(|size| size < 3.0)
}

/// A colour as 0xRRGGBB.
fn colour(value: &str) -> Option<u32> {
    let value = value.trim();
    if let Some(hex) = value.strip_prefix('#') {
        let number = u32::from_str_radix(hex, 16).ok()?;
        return match hex.len() {
            3 => Some((number >> 8 & 15) * 0x11_0000 + (number >> 4 & 15) * 0x1100 + (number & 15) * 0x11),
            6 => Some(number),
            _ => None,
        };
    }
    if let Some(inner) = value.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let mut parts = inner.split(',').map(|part| part.trim().parse::<u32>().ok());
        return Some((parts.next()?? & 255) << 16 | (parts.next()?? & 255) << 8 | parts.next()?? & 255);
    }
    match value.to_ascii_lowercase().as_str() {
        "white" => Some(0x00ff_ffff),
        "black" => Some(0),
        "transparent" => None,
        _ => None,
    }
}

/// Whether text of one colour is lost on the other.
fn is_near(one: u32, other: u32) -> bool {
    [0, 8, 16].iter().all(|shift| (one >> shift & 255).abs_diff(other >> shift & 255) <= 12)
}

fn push_collapsed(slot: &mut String, text: &str, limit: usize) {
    if slot.len() + text.len() > limit {
        return;
    }
    for c in text.chars() {
        if c.is_whitespace() {
            if !slot.is_empty() && !slot.ends_with([' ', '\n', '\t']) {
                slot.push(' ');
            }
        } else {
            slot.push(c);
        }
    }
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "wbr"
            | "frame"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "tr"
            | "td"
            | "th"
            | "table"
            | "li"
            | "ul"
            | "ol"
            | "hr"
            | "blockquote"
            | "pre"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "center"
            | "form"
            | "body"
            | "section"
            | "article"
            | "option"
            | "dt"
            | "dd"
    )
}

fn is_known(name: &str) -> bool {
    is_void(name) || is_block(name) || OTHER_ELEMENTS.contains(&name)
}

/// Elements of HTML that are neither void nor blocks.
const OTHER_ELEMENTS: &[&str] = &[
    "html",
    "head",
    "title",
    "style",
    "script",
    "a",
    "abbr",
    "acronym",
    "address",
    "aside",
    "audio",
    "b",
    "bdi",
    "bdo",
    "big",
    "blink",
    "button",
    "caption",
    "cite",
    "code",
    "colgroup",
    "data",
    "del",
    "details",
    "dfn",
    "dir",
    "dl",
    "em",
    "fieldset",
    "figcaption",
    "figure",
    "font",
    "footer",
    "header",
    "i",
    "iframe",
    "ins",
    "kbd",
    "label",
    "legend",
    "main",
    "map",
    "mark",
    "marquee",
    "nav",
    "nobr",
    "noscript",
    "object",
    "param",
    "picture",
    "q",
    "s",
    "samp",
    "select",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "svg",
    "tbody",
    "template",
    "textarea",
    "tfoot",
    "thead",
    "time",
    "tt",
    "u",
    "var",
    "video",
    "path",
    "g",
    "rect",
    "image",
    "xml",
    "noframes",
    "frameset",
    "applet",
    "layer",
];
