//! Parts of messages (RFC 8621 section 4.1.4).

use mail::message::{Part, Structure, charset, encoding};
use serde_json::{Value, json};
use wire::jmap::Object;

use super::header;
use super::properties::PartProperty;
use crate::ids::BlobId;

/// A message's parts, and what of its octets has been read.
pub(super) struct Body<'a> {
    pub(super) structure: &'a Structure,
    /// The message as received, where it had to be read.
    pub(super) raw: Option<&'a [u8]>,
    /// Octets of each part's decoded content, where they were measured.
    pub(super) sizes: Option<&'a [u32]>,
    pub(super) blob: BlobId,
    children: Vec<Vec<usize>>,
}

/// Parts by what they are to a reader.
#[derive(Debug, Default)]
pub(super) struct Roles {
    pub(super) text: Vec<usize>,
    pub(super) html: Vec<usize>,
    pub(super) attachments: Vec<usize>,
}

/// What of a text is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values {
    pub(super) text: bool,
    pub(super) html: bool,
    pub(super) all: bool,
    /// Octets of each; 0 is no limit.
    pub(super) bytes_max: usize,
}

impl Values {
    pub(super) const fn any(self) -> bool {
        self.text || self.html || self.all
    }
}

impl<'a> Body<'a> {
    pub(super) fn new(structure: &'a Structure, raw: Option<&'a [u8]>, sizes: Option<&'a [u32]>, blob: BlobId) -> Self {
        Self { structure, raw, sizes, blob, children: children(structure) }
    }

    fn part(&self, at: usize) -> Option<&'a Part> {
        self.structure.parts.get(at)
    }

    /// The parts directly below a multipart; what is attached as a message is a leaf.
    fn below(&self, at: usize) -> &[usize] {
        let is_multipart = self.part(at).is_some_and(Part::is_multipart);
        if is_multipart { self.children.get(at).map(Vec::as_slice).unwrap_or_default() } else { &[] }
    }

    /// What each part is to a reader, by the algorithm of RFC 8621 section 4.1.4.
    pub(super) fn roles(&self) -> Roles {
        let mut roles = Roles::default();
        self.sort(&[0], "mixed", false, (true, true), &mut roles);
        roles
    }

    fn sort(&self, parts: &[usize], multipart: &str, in_alternative: bool, wanted: (bool, bool), roles: &mut Roles) {
        let (mut text_wanted, mut html_wanted) = wanted;
        let (text_before, html_before) = (roles.text.len(), roles.html.len());
        for (at, number) in parts.iter().enumerate() {
            let Some(part) = self.part(*number) else { continue };
            if part.is_multipart() {
                let is_alternative = in_alternative || part.subtype == "alternative";
                self.sort(self.below(*number), &part.subtype, is_alternative, (text_wanted, html_wanted), roles);
                continue;
            }
            if !is_inline(part, at, multipart) {
                roles.attachments.push(*number);
                continue;
            }
            let (is_text, is_html) = (part.is("text", "plain"), part.is("text", "html"));
            if multipart == "alternative" {
                match (is_text, is_html) {
                    (true, _) if text_wanted => roles.text.push(*number),
                    (_, true) if html_wanted => roles.html.push(*number),
                    (false, false) => roles.attachments.push(*number),
                    _ => {}
                }
                continue;
            }
            if in_alternative {
                html_wanted &= !is_text;
                text_wanted &= !is_html;
            }
            if text_wanted {
                roles.text.push(*number);
            }
            if html_wanted {
                roles.html.push(*number);
            }
            if !(text_wanted && html_wanted) && is_media(part) {
                roles.attachments.push(*number);
            }
        }
        if multipart == "alternative" && text_wanted && html_wanted {
            let (text_after, html_after) = (roles.text.len(), roles.html.len());
            if text_after == text_before && html_after > html_before {
                roles.text.extend_from_within_of(&roles.html.clone(), html_before);
            } else if html_after == html_before && text_after > text_before {
                roles.html.extend_from_within_of(&roles.text.clone(), text_before);
            }
        }
    }

    /// A part and what is below it.
    pub(super) fn show(&self, at: usize, wanted: &[PartProperty], with_below: bool) -> Value {
        let Some(part) = self.part(at) else { return Value::Null };
        let mut shown = Object::with_capacity(wanted.len());
        for property in wanted {
            shown.insert(property.word().to_owned(), self.property(part, at, property));
        }
        if with_below && part.is_multipart() {
            let below: Vec<Value> = self.below(at).iter().map(|child| self.show(*child, wanted, true)).collect();
            shown.insert("subParts".to_owned(), Value::Array(below));
        }
        Value::Object(shown)
    }

    fn property(&self, part: &Part, at: usize, property: &PartProperty) -> Value {
        let is_leaf = !part.is_multipart();
        match property {
            PartProperty::PartId => is_leaf.then(|| part_id(at)).into(),
            PartProperty::BlobId => is_leaf.then(|| self.blob.part(at).show()).into(),
            PartProperty::Size => {
                self.sizes.and_then(|sizes| sizes.get(at)).copied().unwrap_or(part.size_octets()).into()
            }
            PartProperty::Headers => header::list(self.header(part)),
            PartProperty::Header(wanted, _) => header::show_property(self.header(part), wanted),
            PartProperty::Name => part.file_name().into(),
            PartProperty::Type => format!("{}/{}", part.media_type, part.subtype).into(),
            PartProperty::Charset => charset_of(part).into(),
            PartProperty::Disposition => part.disposition.as_ref().map(|it| it.kind.clone()).into(),
            PartProperty::Cid => part.id.as_deref().map(without_brackets).into(),
            PartProperty::Language => match part.language.as_slice() {
                [] => Value::Null,
                tags => tags.into(),
            },
            PartProperty::Location => part.location.clone().into(),
            PartProperty::SubParts => match is_leaf {
                true => Value::Null,
                false => Value::Array(Vec::new()),
            },
        }
    }

    fn header(&self, part: &Part) -> &'a [u8] {
        self.raw.and_then(|raw| raw.get(part.header_range())).unwrap_or_default()
    }

    /// Texts of the parts that are wanted (RFC 8621 section 4.1.4, `EmailBodyValue`).
    pub(super) fn values(&self, roles: &Roles, wanted: Values) -> Value {
        let is_text = |at: &usize| self.part(*at).is_some_and(|part| part.media_type == "text");
        let mut parts: Vec<usize> = Vec::new();
        if wanted.all {
            parts.extend((0..self.structure.parts.len()).filter(|at| self.is_shown(*at)));
        }
        if wanted.text {
            parts.extend(&roles.text);
        }
        if wanted.html {
            parts.extend(&roles.html);
        }
        let mut shown = Object::new();
        for at in parts.into_iter().filter(is_text) {
            let id = part_id(at);
            if !shown.contains_key(&id)
                && let Some(value) = self.value(at, wanted.bytes_max)
            {
                shown.insert(id, value);
            }
        }
        Value::Object(shown)
    }

    /// Whether a part belongs to the message itself, not to one that is attached.
    fn is_shown(&self, wanted: usize) -> bool {
        let mut ahead = vec![0];
        while let Some(at) = ahead.pop() {
            if at == wanted {
                return true;
            }
            ahead.extend(self.below(at));
        }
        false
    }

    fn value(&self, at: usize, bytes_max: usize) -> Option<Value> {
        let (part, raw) = (self.part(at)?, self.raw?);
        let (whole, is_problem) = text_of(part, raw.get(part.body_range()).unwrap_or_default());
        let cut = truncated(&whole, bytes_max, part.subtype == "html");
        Some(json!({ "value": cut, "isEncodingProblem": is_problem, "isTruncated": cut.len() < whole.len() }))
    }
}

/// Appends what another list has from a position on.
trait ExtendFrom {
    fn extend_from_within_of(&mut self, other: &[usize], from: usize);
}

impl ExtendFrom for Vec<usize> {
    fn extend_from_within_of(&mut self, other: &[usize], from: usize) {
        self.extend_from_slice(other.get(from..).unwrap_or_default());
    }
}

fn is_media(part: &Part) -> bool {
    matches!(part.media_type.as_str(), "image" | "audio" | "video")
}

fn is_inline(part: &Part, at: usize, multipart: &str) -> bool {
    let is_attached = part.disposition.as_ref().is_some_and(|it| it.kind == "attachment");
    let is_readable = part.is("text", "plain") || part.is("text", "html") || is_media(part);
    !is_attached
        && is_readable
        && (at == 0 || (multipart != "related" && (is_media(part) || part.file_name().is_none())))
}

/// The text of a part as its `EmailBodyValue` has it, and whether it could not be decoded whole.
pub(crate) fn text_of(part: &Part, body: &[u8]) -> (String, bool) {
    let (octets, is_known) = match encoding::decode(body, part.encoding.as_deref()) {
        Ok(octets) => (octets, true),
        Err(_) => (body.into(), false),
    };
    let decoded = charset::decode(&octets, part.param("charset"));
    let is_problem = !is_known || (decoded.contains('\u{fffd}') && std::str::from_utf8(&octets).is_err());
    (decoded.replace("\r\n", "\n"), is_problem)
}

/// Parts with text that a reader sees, plain and pages.
pub(crate) fn shown_texts(structure: &Structure) -> Vec<usize> {
    let roles = Body::new(structure, None, None, BlobId::message(0)).roles();
    let is_text = |at: &usize| structure.parts.get(*at).is_some_and(|part| part.media_type == "text");
    let mut parts: Vec<usize> = roles.text.into_iter().chain(roles.html).filter(is_text).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// What the client calls a part.
pub(crate) fn part_id(at: usize) -> String {
    at.to_string()
}

fn charset_of(part: &Part) -> Option<String> {
    match part.param("charset") {
        Some(name) => Some(name.to_owned()),
        None if part.media_type == "text" => Some("us-ascii".to_owned()),
        None => None,
    }
}

fn without_brackets(id: &str) -> String {
    let id = id.trim();
    id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id).to_owned()
}

/// The beginning of a text, no character and, of HTML, no tag cut in two.
fn truncated(text: &str, bytes_max: usize, is_html: bool) -> &str {
    if bytes_max == 0 || text.len() <= bytes_max {
        return text;
    }
    let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let cut = text.get(..end).unwrap_or_default();
    match (cut.rfind('<'), cut.rfind('>')) {
        (Some(open), close) if is_html && close.is_none_or(|close| close < open) => cut.get(..open).unwrap_or_default(),
        _ => cut,
    }
}

fn children(structure: &Structure) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); structure.parts.len()];
    // Parts whose children are still to come, and how many.
    let mut open: Vec<(usize, u32)> = Vec::new();
    for (at, part) in structure.parts.iter().enumerate() {
        while open.last().is_some_and(|(_, left)| *left == 0) {
            open.pop();
        }
        if let Some((parent, left)) = open.last_mut() {
            *left -= 1;
            if let Some(list) = children.get_mut(*parent) {
                list.push(at);
            }
        }
        if part.children > 0 {
            open.push((at, part.children));
        }
    }
    children
}

/// Octets of the decoded content of each part.
pub(crate) fn measure(structure: &Structure, raw: &[u8]) -> Vec<u32> {
    let size = |part: &Part| {
        let body = raw.get(part.body_range()).unwrap_or_default();
        let length = match part.encoding.as_deref() {
            Some("base64" | "quoted-printable") if part.children == 0 => {
                encoding::decode(body, part.encoding.as_deref()).map_or(body.len(), |octets| octets.len())
            }
            _ => body.len(),
        };
        u32::try_from(length).unwrap_or(u32::MAX)
    };
    structure.parts.iter().map(size).collect()
}

/// Whether sizes are known without reading the content.
pub(crate) fn is_measured_by_structure(structure: &Structure) -> bool {
    let is_plain = |part: &Part| !matches!(part.encoding.as_deref(), Some("base64" | "quoted-printable"));
    structure.parts.iter().all(|part| part.children > 0 || is_plain(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(raw: &str) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
        let structure = Structure::parse(raw.replace('\n', "\r\n").as_bytes());
        let roles = Body::new(&structure, None, None, BlobId::message(1)).roles();
        (roles.text, roles.html, roles.attachments)
    }

    fn multipart(kind: &str, parts: &[&str]) -> String {
        let boundary = format!("b{kind}{}", parts.concat().len());
        let mut text = format!("Content-Type: multipart/{kind}; boundary={boundary}\n\n");
        for part in parts {
            text.push_str(&format!("--{boundary}\n{part}\n"));
        }
        text + &format!("--{boundary}--\n")
    }

    const TEXT: &str = "Content-Type: text/plain\n\na";
    const HTML: &str = "Content-Type: text/html\n\na";
    const IMAGE: &str = "Content-Type: image/png\n\na";
    const FILE: &str = "Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\na";

    #[test]
    fn parts_are_sorted_as_a_reader_sees_them() {
        assert_eq!(roles(TEXT), (vec![0], vec![0], vec![]));
        assert_eq!(roles(&multipart("alternative", &[TEXT, HTML])), (vec![1], vec![2], vec![]));
        assert_eq!(roles(&multipart("alternative", &[HTML])), (vec![1], vec![1], vec![]));
        assert_eq!(roles(&multipart("mixed", &[TEXT, IMAGE, TEXT, FILE])), (vec![1, 2, 3], vec![1, 2, 3], vec![4]));
        let related = multipart("related", &[HTML, IMAGE]);
        assert_eq!(roles(&multipart("alternative", &[TEXT, &related])), (vec![1], vec![3], vec![4]));
    }

    /// The example of RFC 8621 section 4.1.4.
    #[test]
    fn the_example_of_the_rfc() {
        let named = "Content-Type: image/jpeg\nContent-Disposition: inline\n\na";
        let attached = "Content-Type: image/jpeg\nContent-Disposition: attachment\n\na";
        let inner_html = multipart("related", &[HTML, IMAGE]);
        let rest_mixed = multipart("mixed", &[TEXT, named, TEXT]);
        let alternative = multipart("alternative", &[&rest_mixed, &inner_html]);
        let message = "Content-Type: message/rfc822\nContent-Disposition: attachment\n\nSubject: x\n\nb";
        let mixed = multipart("mixed", &[&alternative, attached, "Content-Type: application/x-excel\n\na", message]);
        let outer = multipart("mixed", &[TEXT, &mixed, TEXT]);
        // 0 mixed, 1 A, 2 mixed, 3 alternative, 4 mixed, 5 B, 6 C, 7 D, 8 related, 9 E, 10 F, 11 G, 12 H, 13 J and its body, 15 K
        let (text, html, attachments) = roles(&outer);
        assert_eq!(text, [1, 5, 6, 7, 15]);
        assert_eq!(html, [1, 9, 15]);
        assert_eq!(attachments, [6, 10, 11, 12, 13]);
    }

    #[test]
    fn texts_are_cut_between_characters_and_tags() {
        assert_eq!(truncated("信风", 4, false), "信");
        assert_eq!(truncated("<p>a</p>", 6, true), "<p>a");
        assert_eq!(truncated("a<b", 3, true), "a<b");
        assert_eq!(truncated("abc", 0, false), "abc");
    }
}
