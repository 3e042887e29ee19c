//! The notification as it travels: a report in three parts (RFC 8098 section 3).

use env::Timestamp;
use identity::Language;
use letters::Texts;
use serde_json::json;

use super::wanted::Wanted;
use crate::email::{addresses, text_content, text_lines};

/// What the message that is answered tells.
pub(super) struct Original {
    pub(super) message_id: Option<String>,
    /// Its `Original-Recipient` field.
    pub(super) recipient: Option<String>,
    pub(super) subject: String,
    /// Header, or header and body where that is wanted.
    pub(super) octets: Vec<u8>,
}

/// Who sends it, and to whom.
pub(super) struct Ends<'a> {
    pub(super) from: &'a str,
    /// Shown name of the one who sends.
    pub(super) name: &'a str,
    pub(super) to: &'a [String],
    pub(super) now: Timestamp,
    pub(super) language: Language,
    /// Left side of the Message-ID, and the boundary.
    pub(super) unique: &'a str,
}

/// The recipient for whom it is sent (RFC 8098 section 3.2.4; RFC 6533 section 3 for addresses in UTF-8).
pub(super) fn final_recipient(wanted: &Wanted, own: &str) -> String {
    let kind = if own.is_ascii() { "rfc822" } else { "utf-8" };
    wanted.final_recipient.clone().unwrap_or_else(|| format!("{kind}; {own}"))
}

/// The notification, lines ending in CRLF; none if an address cannot be written.
pub(super) fn write(wanted: &Wanted, original: &Original, ends: &Ends<'_>) -> Option<Vec<u8>> {
    let fields = fields(wanted, original, ends);
    let (encoding, text) = text_content(&body(wanted, original, ends));
    let boundary = format!("{}_mdn", ends.unique);
    // RFC 6533 section 3: with anything but ASCII the part has a type of its own.
    let kind = if fields.is_ascii() { "disposition-notification" } else { "global-disposition-notification" };
    let returned = match (wanted.includes_original, original.octets.is_ascii()) {
        (true, _) => "message/rfc822",
        (false, true) => "text/rfc822-headers",
        (false, false) => "message/global-headers",
    };
    let mut out = head(wanted, original, ends, &boundary)?.into_bytes();
    let mut part = |header: String, content: &[u8]| {
        out.extend_from_slice(format!("--{boundary}\r\n{header}\r\n").as_bytes());
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    };
    part(format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n"), &text);
    part(typed(&format!("message/{kind}"), fields.as_bytes()), fields.as_bytes());
    part(typed(returned, &original.octets), &original.octets);
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Some(out)
}

/// Header of a part that goes as it is.
fn typed(kind: &str, content: &[u8]) -> String {
    let encoding = if content.is_ascii() { "7bit" } else { "8bit" };
    format!("Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n")
}

fn head(wanted: &Wanted, original: &Original, ends: &Ends<'_>, boundary: &str) -> Option<String> {
    let domain = ends.from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let from = addresses(&json!([{ "name": ends.name, "email": ends.from }]))?;
    let to: Vec<serde_json::Value> = ends.to.iter().map(|to| json!({ "email": to })).collect();
    let standard = Texts::of(ends.language).say("receipt-subject", &[("subject", &original.subject)]);
    let subject = wanted.subject.clone().unwrap_or(standard);
    let answered = original.message_id.as_ref().map(|id| format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n"));
    Some(format!(
        "From: {from}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{domain}>\r\n{}Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=disposition-notification;\r\n boundary=\"{boundary}\"\r\n\r\n",
        addresses(&to.into())?,
        text_lines(&subject),
        mail::date::format_rfc5322(ends.now),
        ends.unique,
        answered.unwrap_or_default(),
    ))
}

/// What people read.
fn body(wanted: &Wanted, original: &Original, ends: &Ends<'_>) -> String {
    let [.., kind] = wanted.disposition;
    let values = [("subject", original.subject.as_str()), ("address", ends.from)];
    wanted.text.clone().unwrap_or_else(|| Texts::of(ends.language).say(&format!("receipt-{kind}"), &values))
}

/// What programs read (RFC 8098 section 3.1).
fn fields(wanted: &Wanted, original: &Original, ends: &Ends<'_>) -> String {
    let mut out = String::new();
    let mut add = |name: &str, value: &str| out.push_str(&format!("{name}: {value}\r\n"));
    if let Some(agent) = &wanted.reporting_ua {
        add("Reporting-UA", agent);
    }
    if let Some(recipient) = &original.recipient {
        add("Original-Recipient", recipient);
    }
    add("Final-Recipient", &final_recipient(wanted, ends.from));
    if let Some(id) = &original.message_id {
        add("Original-Message-ID", &format!("<{id}>"));
    }
    let [action, sending, kind] = wanted.disposition;
    add("Disposition", &format!("{action}/{sending}; {kind}"));
    for (name, value) in &wanted.extensions {
        add(name, value);
    }
    out
}
