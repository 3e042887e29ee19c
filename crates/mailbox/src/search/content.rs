use mail::message::text::{SearchText, fold, search_text};
use mail::message::{Structure, words};

/// Divides what is searched together, so that nothing is found across its ends; folded text never holds it.
const DIVIDER: char = '\n';

/// The text of a message, folded for search.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Name in lowercase and folded value of each header field.
    pub(crate) headers: Vec<(String, String)>,
    /// `headers` as one text.
    pub(crate) head: String,
    /// Text parts, header fields of attached messages, names and descriptions of attachments.
    pub(crate) body: String,
}

impl Content {
    /// The text of the message `raw`.
    pub(crate) fn of(raw: &[u8], structure: &Structure) -> Self {
        let SearchText { headers, body, .. } = search_text(raw, structure);
        let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name, fold(&value))).collect();
        let mut head = String::new();
        for (name, value) in &headers {
            head.extend([name.as_str(), ": ", value.as_str()]);
            head.push(DIVIDER);
        }
        let mut body = fold(&body);
        for part in &structure.parts {
            let description = part.description.as_deref().map(|text| words::decode(text).into_owned());
            for label in [part.file_name(), description].into_iter().flatten() {
                body.push(DIVIDER);
                body.push_str(&fold(&label));
            }
        }
        Self { headers, head, body }
    }
}
