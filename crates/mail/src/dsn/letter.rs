//! Puts a notification together: `multipart/report` of text, fields and what is sent back (RFC 3462 section 1).

use std::fmt::Write;

use env::Timestamp;
use mail_builder::encoders::base64::base64_encode_mime;
use memchr::memmem;

use super::{RecipientStatus, Report, Returned, words};
use crate::message::words::encode;
use crate::{Address, date, header};

/// Octets of a line of fields after which it is folded (RFC 5322 section 2.1.1).
const LINE_OCTETS: usize = 76;

/// Octets of one value that are written; answers of servers can be long.
const VALUE_OCTETS_MAX: usize = 2048;

/// The notification as a complete message, lines ending in CRLF. `message_id` comes without angle brackets.
/// Send it with an empty reverse path, with SMTPUTF8 if `report.utf8`, with BODY=8BITMIME if it is not ASCII.
#[must_use]
pub fn build(report: &Report<'_>, now: Timestamp, message_id: &str) -> Vec<u8> {
    let returned = ReturnedPart::new(report);
    let boundary = boundary(message_id, &returned.content);
    let fields = status_fields(report);
    let is_8bit = !fields.is_ascii() || returned.encoding == "8bit";
    let mut out = Vec::with_capacity(fields.len() + returned.content.len() + 4096);
    put_header(&mut out, report, now, message_id, &boundary, is_8bit);
    put(&mut out, &format!("--{boundary}\r\n"));
    put(&mut out, "Content-Description: Notification\r\nContent-Type: text/plain; charset=utf-8\r\n");
    put(&mut out, "Content-Language: en, zh\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    put_base64(&mut out, words::text(report).as_bytes());
    let kind = if report.utf8 { "message/global-delivery-status" } else { "message/delivery-status" };
    put(&mut out, &format!("\r\n--{boundary}\r\nContent-Description: Delivery report\r\nContent-Type: {kind}\r\n"));
    if !fields.is_ascii() {
        put(&mut out, "Content-Transfer-Encoding: 8bit\r\n");
    }
    put(&mut out, &format!("\r\n{fields}"));
    if !returned.kind.is_empty() {
        let description = returned.description;
        put(&mut out, &format!("\r\n--{boundary}\r\nContent-Description: {description}\r\n"));
        put(&mut out, &format!("Content-Type: {}\r\n", returned.kind));
        put(&mut out, &format!("Content-Transfer-Encoding: {}\r\n\r\n", returned.encoding));
        out.extend_from_slice(&returned.content);
        if !out.ends_with(b"\n") {
            put(&mut out, "\r\n");
        }
    }
    put(&mut out, &format!("\r\n--{boundary}--\r\n"));
    out
}

fn put_header(out: &mut Vec<u8>, report: &Report<'_>, now: Timestamp, message_id: &str, boundary: &str, is_8bit: bool) {
    let from_domain = crate::domain::canonical(report.from_domain).unwrap_or_else(|_| clean(report.from_domain, false));
    put(out, &format!("From: Mail Delivery System <postmaster@{from_domain}>\r\n"));
    put(out, &format!("To: <{}>\r\n", on_wire(report.original_sender, report.utf8)));
    put(out, &format!("Date: {}\r\nMessage-ID: <{message_id}>\r\n", date::format_rfc5322(now)));
    if let Some(id) = original_id(report) {
        // The answer stands in the thread of the message it tells of.
        put(out, &format!("In-Reply-To: <{id}>\r\nReferences: <{id}>\r\n"));
    }
    if report.utf8 {
        put(out, &format!("Subject: {}\r\n", words::subject(report)));
    } else {
        put(out, &format!("Subject: {}\r\n", encode(words::subject(report))));
    }
    // RFC 3834 section 5: never answered by a machine.
    put(out, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
    put(out, &format!("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\"\r\n"));
    if is_8bit {
        put(out, "Content-Transfer-Encoding: 8bit\r\n");
    }
    put(out, "\r\n");
}

/// The fields for programs (RFC 3464 sections 2.2 and 2.3): of the message, then of each recipient.
fn status_fields(report: &Report<'_>) -> String {
    let utf8 = report.utf8;
    let mut out = String::with_capacity(256 * (report.recipients.len() + 1));
    if let Some(id) = report.original_envelope_id {
        push_field(&mut out, "Original-Envelope-Id", &clean(id, utf8));
    }
    push_field(&mut out, "Reporting-MTA", &format!("dns; {}", clean(report.reporting_mta, utf8)));
    if let Some(arrival) = report.arrival {
        push_field(&mut out, "Arrival-Date", &date::format_rfc5322(arrival));
    }
    for recipient in &report.recipients {
        out.push_str("\r\n");
        push_recipient(&mut out, recipient, utf8);
    }
    out
}

fn push_recipient(out: &mut String, recipient: &RecipientStatus, utf8: bool) {
    if let Some(original) = &recipient.original_recipient {
        push_field(out, "Original-Recipient", &original_recipient(original, utf8));
    }
    push_field(out, "Final-Recipient", &typed_address(&recipient.final_recipient, utf8));
    push_field(out, "Action", recipient.action.keyword());
    push_field(out, "Status", &recipient.status.to_string());
    if let Some(server) = &recipient.remote_mta {
        push_field(out, "Remote-MTA", &format!("dns; {}", clean(server, utf8)));
    }
    if let Some(diagnostic) = &recipient.diagnostic {
        push_field(out, "Diagnostic-Code", &format!("smtp; {}", clean(diagnostic, utf8)));
    }
    if let Some(moment) = recipient.last_attempt {
        push_field(out, "Last-Attempt-Date", &date::format_rfc5322(moment));
    }
    if let Some(moment) = recipient.will_retry_until {
        push_field(out, "Will-Retry-Until", &date::format_rfc5322(moment));
    }
}

/// `rfc822; a@b`, or `utf-8; ...` where the local part is not ASCII: as it is in a global report, else written with
/// `\x{...}` (RFC 6533 section 3).
fn typed_address(address: &Address, utf8: bool) -> String {
    if address.local.is_ascii() && (!utf8 || address.domain.is_ascii()) {
        format!("rfc822; {}", on_wire(address, false))
    } else if utf8 {
        format!("utf-8; {address}")
    } else {
        format!("utf-8; {}", escape(&address.to_string()))
    }
}

fn original_recipient(original: &str, utf8: bool) -> String {
    match original.split_once(';') {
        Some((kind, address)) if kind.eq_ignore_ascii_case("utf-8") && !utf8 => {
            format!("utf-8; {}", escape(address.trim()))
        }
        Some((kind, address)) => format!("{}; {}", clean(kind.trim(), utf8), clean(address.trim(), utf8)),
        None => format!("rfc822; {}", clean(original, utf8)),
    }
}

/// `utf-8-addr-xtext` of RFC 6533 section 3.
fn escape(address: &str) -> String {
    let mut out = String::with_capacity(address.len() * 2);
    for c in address.chars() {
        match c {
            '!'..='~' if !matches!(c, '+' | '=' | '\\') => out.push(c),
            other => {
                let _ = write!(out, "\\x{{{:X}}}", u32::from(other));
            }
        }
    }
    out
}

/// The address as it may stand in a header field: without SMTPUTF8 the domain in A-labels.
fn on_wire(address: &Address, utf8: bool) -> String {
    let domain = if utf8 { address.domain.clone() } else { address.domain_ascii() };
    Address { local: address.local.clone(), domain }.to_string()
}

/// What can stand in a field: on one line, ASCII unless the report is in UTF-8, bounded.
fn clean(text: &str, utf8: bool) -> String {
    let mut out = String::with_capacity(text.len().min(VALUE_OCTETS_MAX));
    for c in text.chars() {
        let c = match c {
            c if c.is_control() => ' ',
            c if c.is_ascii() || utf8 => c,
            _ => '?',
        };
        if out.len() + c.len_utf8() > VALUE_OCTETS_MAX {
            break;
        }
        out.push(c);
    }
    out.trim().to_owned()
}

/// Writes a field, folded at spaces.
fn push_field(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, "{name}:");
    let mut column = name.len() + 1;
    for word in value.split(' ').filter(|word| !word.is_empty()) {
        if column + 1 + word.len() > LINE_OCTETS && column > name.len() + 1 {
            out.push_str("\r\n\t");
            column = 1;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out.push_str("\r\n");
}

struct ReturnedPart {
    kind: &'static str,
    description: &'static str,
    encoding: &'static str,
    content: Vec<u8>,
}

impl ReturnedPart {
    /// A message whose header is in UTF-8 is `message/global` (RFC 6532 section 3.7); for a server that takes no SMTPUTF8
    /// it is put in base64.
    fn new(report: &Report<'_>) -> Self {
        let (raw, full) = match report.returned {
            Returned::None => return Self { kind: "", description: "", encoding: "", content: Vec::new() },
            Returned::Headers(raw) => (header::split_header_body(raw).0, false),
            Returned::Full(raw) => (raw, true),
        };
        let global = !header::split_header_body(raw).0.is_ascii();
        let kind = match (full, global) {
            (true, false) => "message/rfc822",
            (true, true) => "message/global",
            (false, false) => "text/rfc822-headers",
            (false, true) => "message/global-headers",
        };
        let description = if full { "Undelivered message" } else { "Header of the message" };
        if global && !report.utf8 {
            let mut content = Vec::with_capacity(raw.len() / 2 * 3);
            put_base64(&mut content, raw);
            return Self { kind, description, encoding: "base64", content };
        }
        let encoding = if raw.is_ascii() { "7bit" } else { "8bit" };
        Self { kind, description, encoding, content: raw.to_vec() }
    }
}

/// A boundary that does not stand in what is sent back.
fn boundary(message_id: &str, content: &[u8]) -> String {
    let stem: String = message_id.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let mut boundary = format!("=_{stem}");
    let mut turn = 0_u32;
    while memmem::find(content, boundary.as_bytes()).is_some() && turn < 1000 {
        turn += 1;
        boundary = format!("=_{stem}.{turn}");
    }
    boundary
}

fn original_id(report: &Report<'_>) -> Option<String> {
    match report.returned {
        Returned::Headers(raw) | Returned::Full(raw) => {
            header::message_id(raw).filter(|id| id.is_ascii() && id.len() < 900)
        }
        Returned::None => None,
    }
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

fn put_base64(out: &mut Vec<u8>, content: &[u8]) {
    // Writing to a vector cannot fail.
    let _ = base64_encode_mime(content, &mut *out, false);
    if !out.ends_with(b"\n") {
        put(out, "\r\n");
    }
}
