//! Whether a message is replied to by itself, and the reply (RFC 3834, RFC 5230 section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use mail::message::{parse_addresses, words};
use mail::{Address, date, header};
use sieve::Reply;

/// Octets of a subject that are quoted.
const SUBJECT_BYTES_MAX: usize = 400;

/// Message-IDs in References.
const REFERENCES_MAX: usize = 20;

/// Who replies, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct Replying<'a> {
    /// Sender of the envelope; empty for the null sender.
    pub sender: &'a str,
    /// Addresses of the account, the main one first.
    pub own: &'a [String],
    /// Name of its person.
    pub name: &'a str,
    /// The address that the message was for.
    pub recipient: &'a str,
}

/// Whether the message `raw`, before which we have put the fields `trace`, may be replied to by itself: a person wrote it to this person, and no machine or list did.
#[must_use]
pub fn may_reply(trace: &[u8], raw: &[u8], reply: &Reply, replying: Replying<'_>) -> bool {
    let Ok(sender) = Address::parse(replying.sender) else { return false };
    let canonical = sender.canonical();
    let own: Vec<String> = replying
        .own
        .iter()
        .map(String::as_str)
        .chain([replying.recipient])
        .chain(reply.addresses.iter().map(String::as_str))
        .filter_map(|it| Some(Address::parse(it).ok()?.canonical()))
        .collect();
    if own.contains(&canonical) || is_machine(&sender.local) {
        return false;
    }
    let mut fields = header::fields(trace).chain(header::fields(raw));
    fields.all(|field| !speaks_against(&field)) && names_reader(raw, &own)
}

/// RFC 3834 section 2, RFC 5230 section 4.6.
fn speaks_against(field: &header::Field<'_>) -> bool {
    let value = || String::from_utf8_lossy(&field.value()).trim().to_ascii_lowercase();
    let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
    match name.as_str() {
        "auto-submitted" => value().split(';').next().is_none_or(|word| word.trim() != "no"),
        "precedence" => ["bulk", "list", "junk"].contains(&value().as_str()),
        "x-auto-response-suppress" => value().split(',').any(|word| ["all", "oof", "autoreply"].contains(&word.trim())),
        "x-autoreply" | "x-autorespond" | "x-mailing-list" | "feedback-id" => true,
        name => name.starts_with("list-"),
    }
}

/// Senders behind whom nobody reads (RFC 5230 section 4.6).
fn is_machine(local: &str) -> bool {
    let local = local.to_ascii_lowercase();
    let plain = local.replace(['-', '_', '.'], "");
    ["mailerdaemon", "listserv", "majordomo", "noreply", "donotreply", "bounce", "bounces", "postmaster"]
        .contains(&plain.as_str())
        || local.starts_with("owner-")
        || local.ends_with("-request")
        || local.ends_with("-owner")
        || local.starts_with("noreply")
        || local.starts_with("no-reply")
        || local.starts_with("bounce")
        || local.starts_with("srs0=")
        || local.starts_with("srs1=")
}

/// Whether the reader is named in the message (RFC 5230 section 4.5): a hidden copy or a list is not replied to.
fn names_reader(raw: &[u8], own: &[String]) -> bool {
    const FIELDS: [&str; 6] = ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"];
    header::fields(raw).filter(|field| FIELDS.iter().any(|name| field.is(name))).any(|field| {
        let value = String::from_utf8_lossy(&field.value()).into_owned();
        parse_addresses(&value).iter().any(|it| {
            let address = it.email().and_then(|email| Address::parse(&email).ok());
            address.is_some_and(|address| {
                let detail = address.split_detail('+');
                let base = Address { local: detail.0.to_owned(), domain: address.domain.clone() };
                own.contains(&address.canonical()) || own.contains(&base.canonical())
            })
        })
    })
}

/// The reply as a complete message, lines ending in CRLF. `message_id` comes without angle brackets.
#[must_use]
pub fn compose(raw: &[u8], reply: &Reply, replying: Replying<'_>, now: Timestamp, message_id: &str) -> Vec<u8> {
    let is_own = |address: &Address| replying.own.contains(&address.canonical());
    // RFC 5230 section 4.3: from an address of one's own only.
    let named = reply.from.as_deref().and_then(|text| parse_addresses(text).into_iter().next());
    let named = named.and_then(|it| Some((it.display_name(), Address::parse(&it.email()?).ok()?)));
    let recipient = Address::parse(replying.recipient).ok();
    let (name, from) = match named.filter(|(_, address)| is_own(address)) {
        Some((name, address)) => (name.unwrap_or_else(|| replying.name.to_owned()), address.to_string()),
        None => {
            let from = recipient.filter(is_own).map(|it| it.to_string());
            let main = || replying.own.first().cloned().unwrap_or_else(|| replying.recipient.to_owned());
            (replying.name.to_owned(), from.unwrap_or_else(main))
        }
    };
    let old_subject = header::find(raw, "Subject").map(|field| String::from_utf8_lossy(&field.value()).into_owned());
    let old_subject = old_subject.map(|it| words::decode(it.trim()).into_owned()).unwrap_or_default();
    let mut subject = reply.subject.clone().unwrap_or_else(|| format!("Auto: {old_subject}"));
    subject.truncate(subject.floor_char_boundary(SUBJECT_BYTES_MAX));
    let mut head = format!(
        "From: {} <{from}>\r\nTo: <{}>\r\nDate: {}\r\nMessage-ID: <{message_id}>\r\nSubject: {}\r\n",
        phrase(&name),
        replying.sender,
        date::format_rfc5322(now),
        words::encode(&line(&subject)),
    );
    head.push_str(&links(raw));
    // RFC 5230 section 4.8: what a machine sent, no machine answers.
    head.push_str("Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nMIME-Version: 1.0\r\n");
    let body = match reply.mime {
        true => part(&reply.reason),
        false => format!(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64_lines(&crlf(&reply.reason))
        ),
    };
    (head + &body).into_bytes()
}

/// In-Reply-To and References (RFC 5230 section 4.9, RFC 5322 section 3.6.4).
fn links(raw: &[u8]) -> String {
    let Some(id) = header::message_id(raw) else { return String::new() };
    let known = header::find(raw, "References").map(|field| field.value().into_owned()).unwrap_or_default();
    let mut references: Vec<String> = header::message_ids(&known).collect();
    references.push(id.clone());
    let first = references.len().saturating_sub(REFERENCES_MAX);
    let all: Vec<String> = references.iter().skip(first).map(|it| format!("<{}>", line(it))).collect();
    format!("In-Reply-To: <{}>\r\nReferences: {}\r\n", line(&id), all.join("\r\n "))
}

/// A part of MIME as a script gives it: only the fields of its content, so that it changes nothing else of the reply.
fn part(reason: &str) -> String {
    let reason = crlf(reason);
    let (head, body) = header::split_header_body(reason.as_bytes());
    let mut out = String::new();
    for field in header::fields(head) {
        let name = String::from_utf8_lossy(field.name);
        if name.to_ascii_lowercase().starts_with("content-") {
            let value = String::from_utf8_lossy(&field.value()).into_owned();
            out.push_str(&format!("{}: {}\r\n", line(&name), line(value.trim())));
        }
    }
    if !out.to_ascii_lowercase().contains("content-type:") {
        out.push_str("Content-Type: text/plain; charset=utf-8\r\n");
    }
    out.push_str("\r\n");
    out.push_str(&String::from_utf8_lossy(body));
    if !out.ends_with('\n') {
        out.push_str("\r\n");
    }
    out
}

fn phrase(name: &str) -> String {
    let name = line(name);
    if name.is_ascii() { format!("\"{}\"", name.replace(['"', '\\'], "'")) } else { words::encode(&name).into_owned() }
}

/// What people gave must not begin a field of its own.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The text with every line ending in CRLF.
pub(crate) fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// Base64 in lines of 76 characters (RFC 2045 section 6.8), the last without a line break.
pub(crate) fn base64_lines(text: &str) -> String {
    let encoded = STANDARD.encode(text);
    let mut out = String::with_capacity(encoded.len() + encoded.len() / 38);
    let mut rest = encoded.as_str();
    while let Some((head, tail)) = rest.split_at_checked(76).filter(|(_, tail)| !tail.is_empty()) {
        out.extend([head, "\r\n"]);
        rest = tail;
    }
    out + rest
}
