//! What a sender says of his own message to these rules: that he confirms it, with a reason, and its label. In a header field, as the webmail does,
//! or in brackets in the subject, for programs that know neither: `[override: reason]`, `[confidential]`.

use mail::header;
use mail::message::words;

use crate::plain;

/// The field with the reason, or an empty one that confirms alone.
pub const OVERRIDE_FIELD: &str = "X-Tradewind-Override";

/// The field with the label.
pub const LABEL_FIELD: &str = "X-Tradewind-Classification";

/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 500;

/// Letters that a reason has at least, so that a dot is none.
const REASON_CHARS_MIN: usize = 4;

/// Labels that come with the program, with what they are called in subjects.
const LABELS: &[(&str, &[&str])] = &[
    ("public", &["public", "公开", "publico", "عام"]),
    ("internal", &["internal", "内部", "interno", "داخلي"]),
    ("confidential", &["confidential", "机密", "保密", "confidencial", "سري"]),
    ("secret", &["secret", "绝密", "secreto", "سري للغاية"]),
];

/// What begins the mark in a subject by which a sender confirms.
const OVERRIDE_MARKS: &[&str] = &["override", "确认发送"];

/// What a sender confirms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    /// He confirms that it is to go.
    pub is_confirmed: bool,
    /// Why, if he says so.
    pub reason: Option<String>,
    /// The label, which stays at the message.
    pub label: Option<String>,
}

impl Consent {
    /// Reads it out of a message as its author handed it in, and gives the message without the mark in its subject.
    #[must_use]
    pub fn take(raw: Vec<u8>) -> (Self, Vec<u8>) {
        let text = |name| {
            header::find(&raw, name).map(|field| words::decode(&String::from_utf8_lossy(&field.value())).into_owned())
        };
        let (said, label) = (text(OVERRIDE_FIELD), text(LABEL_FIELD).map(|label| folded_label(&label)));
        let mut consent = Self { label: label.filter(|label| !label.is_empty()), ..Self::default() };
        if let Some(said) = said {
            consent.confirm(&said);
        }
        let marked = header::find(&raw, "Subject").and_then(|field| {
            let subject = words::decode(&String::from_utf8_lossy(&field.value())).into_owned();
            let (reason, rest) = mark_in(&subject)?;
            Some((reason, rest, field.start..field.end))
        });
        let Some((reason, rest, place)) = marked else { return (consent, raw) };
        consent.confirm(&reason);
        let prefix = format!("Subject: {}\r\n", words::encode(&rest));
        let raw = header::rewrite(prefix.as_bytes(), &raw, &[place]);
        (consent, raw)
    }

    fn confirm(&mut self, reason: &str) {
        self.is_confirmed = true;
        let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARS_MAX).collect();
        let letters =
            reason.chars().filter(|c| c.is_alphanumeric()).map(|c| if plain::is_ideograph(c) { 2 } else { 1 });
        if letters.sum::<usize>() >= REASON_CHARS_MIN {
            self.reason = Some(reason);
        }
    }

    /// The field that keeps the label at the message.
    #[must_use]
    pub fn label_field(&self) -> Option<String> {
        self.label.as_ref().map(|label| format!("{LABEL_FIELD}: {}\r\n", words::encode(label)))
    }
}

/// The reason in the mark of a subject, and the subject without it.
fn mark_in(subject: &str) -> Option<(String, String)> {
    brackets(subject).find_map(|(start, end, inner)| {
        let folded = plain::words(inner);
        let mark = OVERRIDE_MARKS.iter().find(|mark| folded.starts_with(**mark))?;
        let rest = inner.trim().chars().skip(mark.chars().count()).collect::<String>();
        let rest = rest.trim_start();
        if !rest.is_empty() && !rest.starts_with([':', '：']) {
            return None;
        }
        let reason = rest.trim_start_matches([':', '：']).trim().to_owned();
        let without = format!("{} {}", subject.get(..start)?.trim_end(), subject.get(end..)?.trim_start());
        Some((reason, without.trim().to_owned()))
    })
}

/// What stands in brackets, with where the brackets begin and end.
fn brackets(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(['[', '【'])?;
        let open = text.get(start..)?.chars().next()?.len_utf8();
        let length = text.get(start + open..)?.find([']', '】'])?;
        let inner = text.get(start + open..start + open + length)?;
        let close = text.get(start + open + length..)?.chars().next()?.len_utf8();
        let end = start + open + length + close;
        at = end;
        Some((start, end, inner))
    })
}

/// A label as rules name it: one that comes with the program by its name, another folded.
#[must_use]
pub(crate) fn folded_label(label: &str) -> String {
    let folded = plain::words(label);
    let shipped = LABELS.iter().find(|(_, names)| names.iter().any(|name| plain::words(name) == folded));
    shipped.map_or(folded, |(name, _)| (*name).to_owned())
}

/// The labels of a message: of the field, and what stands in brackets in its subject.
pub(crate) fn labels(raw: &[u8], subject: &str) -> Vec<String> {
    let field = header::find(raw, LABEL_FIELD);
    let field = field.map(|field| words::decode(&String::from_utf8_lossy(&field.value())).into_owned());
    let all = field.iter().map(String::as_str).chain(brackets(subject).map(|(_, _, inner)| inner));
    all.map(folded_label).filter(|label| !label.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(header: &str) -> (Consent, String) {
        let (consent, raw) = Consent::take(format!("{header}\r\n\r\nText\r\n").into_bytes());
        (consent, String::from_utf8(raw).unwrap())
    }

    #[test]
    fn a_field_or_a_mark_in_the_subject_confirms() {
        let (field, raw) = taken("Subject: Cards\r\nX-Tradewind-Override: asked for by the bank");
        assert_eq!((field.is_confirmed, field.reason.as_deref()), (true, Some("asked for by the bank")));
        assert!(raw.starts_with("Subject: Cards\r\n"), "{raw}");
        let (alone, _) = taken("X-Tradewind-Override: .");
        assert_eq!((alone.is_confirmed, alone.reason), (true, None));
        let (marked, raw) = taken("From: a@b.test\r\nSubject: Cards [Override: the bank asked] for May");
        assert_eq!(marked.reason.as_deref(), Some("the bank asked"));
        assert!(raw.starts_with("Subject: Cards for May\r\nFrom:"), "{raw}");
        let (chinese, raw) = taken(&format!("Subject: {}", words::encode("付款【确认发送：客户要求】")));
        assert_eq!(chinese.reason.as_deref(), Some("客户要求"));
        assert!(raw.starts_with(&format!("Subject: {}\r\n", words::encode("付款"))), "{raw}");
        for header in ["Subject: [overrides] list", "Subject: override: no brackets", "Subject: [Re: override"] {
            assert_eq!(taken(header).0, Consent::default(), "{header}");
        }
    }

    #[test]
    fn labels_have_one_name_in_all_languages() {
        for subject in ["[Confidential] Prices", "Re: 【机密】价格", "[confidencial] precios", "[سري] أسعار"]
        {
            assert_eq!(labels(b"", subject), ["confidential"], "{subject}");
        }
        let (consent, _) = taken("X-Tradewind-Classification: Project X");
        assert_eq!(consent.label_field().as_deref(), Some("X-Tradewind-Classification: project x\r\n"));
        assert_eq!(labels(b"X-Tradewind-Classification: internal\r\n\r\n", "Hi"), ["internal"]);
    }
}
