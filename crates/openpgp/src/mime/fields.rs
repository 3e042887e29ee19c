//! Header fields that go within, and what stands outside of them (RFC 9788).

use mail::header::{Field, fields, split_header_body};

/// The fields that an author writes, which are protected.
const AUTHORS: [&str; 19] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Keywords",
    "Comments",
    "Importance",
    "Priority",
    "X-Priority",
    "Sensitivity",
    "Organization",
    "Disposition-Notification-To",
    "Followup-To",
];

/// What is hidden of them outside (RFC 9788 section 3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Confidentiality {
    /// Nothing, as the message is signed alone.
    None,
    /// Subject, comments and keywords.
    Baseline,
}

/// A message in two: the header outside without structure, and what is protected.
pub(super) struct Split {
    /// Fields outside, no empty line.
    pub(super) outside: Vec<u8>,
    /// Fields within, empty line, body.
    pub(super) payload: Vec<u8>,
}

impl Split {
    pub(super) fn of(raw: &[u8], confidentiality: Confidentiality) -> Self {
        let (mut outside, mut within, mut outer, mut structure) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut has_type = false;
        for field in fields(raw) {
            let whole = raw.get(field.start..field.end).unwrap_or_default();
            if field.is("MIME-Version") {
                continue;
            }
            if is_structural(&field) {
                if field.is("Content-Type") && !has_type {
                    has_type = true;
                    structure.extend(marked(&field, confidentiality));
                } else {
                    structure.extend(ended(whole));
                }
                continue;
            }
            if !is_authors(&field) {
                outside.extend(ended(whole));
                continue;
            }
            within.extend(ended(whole));
            if let Some(shown) = shown(&field, whole, confidentiality) {
                if confidentiality == Confidentiality::Baseline {
                    outer.extend_from_slice(b"HP-Outer: ");
                    outer.extend_from_slice(&shown);
                }
                outside.extend_from_slice(&shown);
            }
        }
        if !has_type {
            let mark = mark(confidentiality);
            structure.extend_from_slice(format!("Content-Type: text/plain; charset=us-ascii{mark}\r\n").as_bytes());
        }
        let body = split_header_body(raw).1;
        let payload = [within.as_slice(), &outer, &structure, b"\r\n", body].concat();
        Self { outside, payload }
    }
}

/// The field as it stands outside; `None` if it does not.
fn shown(field: &Field<'_>, whole: &[u8], confidentiality: Confidentiality) -> Option<Vec<u8>> {
    match confidentiality {
        Confidentiality::None => Some(ended(whole)),
        Confidentiality::Baseline if field.is("Subject") => Some(b"Subject: [...]\r\n".to_vec()),
        Confidentiality::Baseline if field.is("Keywords") || field.is("Comments") => None,
        Confidentiality::Baseline => Some(ended(whole)),
    }
}

/// The parameter of RFC 9788 section 2.1.1, and that of what programs did before it.
const fn mark(confidentiality: Confidentiality) -> &'static str {
    match confidentiality {
        Confidentiality::None => ";\r\n hp=\"clear\"; protected-headers=\"v1\"",
        Confidentiality::Baseline => ";\r\n hp=\"cipher\"; protected-headers=\"v1\"",
    }
}

fn marked(field: &Field<'_>, confidentiality: Confidentiality) -> Vec<u8> {
    let value = field.raw_value.trim_ascii_end();
    let value = value.strip_suffix(b";").unwrap_or(value);
    [field.name, b":", value, mark(confidentiality).as_bytes(), b"\r\n"].concat()
}

fn ended(whole: &[u8]) -> Vec<u8> {
    let mut out = whole.to_vec();
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Fields that say how the body is built, not what is meant (RFC 9788 section 1.1.1).
pub(super) fn is_structural(field: &Field<'_>) -> bool {
    field.is("MIME-Version") || field.name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-"))
}

/// Fields that an author writes. Others within a payload say nothing: they could claim to be of those who pass a message on.
pub(super) fn is_authors(field: &Field<'_>) -> bool {
    AUTHORS.iter().any(|name| field.is(name))
}

/// The fields of a payload that are protected: name and value of each; none if it does not say that they are.
pub(super) fn protected(payload: &[u8], is_marked: bool) -> Vec<(String, String)> {
    if !is_marked {
        return Vec::new();
    }
    let wanted = fields(payload).filter(|field| is_authors(field));
    wanted.map(|field| (text(field.name), value(&field))).collect()
}

/// What a payload says stood outside when it was written.
pub(super) fn said_outside(payload: &[u8]) -> Vec<(String, String)> {
    let outer = fields(payload).filter(|field| field.is("HP-Outer"));
    outer
        .filter_map(|field| {
            let whole = value(&field);
            whole.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// A value without its folding.
pub(super) fn value(field: &Field<'_>) -> String {
    let unfolded = field.value();
    String::from_utf8_lossy(&unfolded).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
