//! Writes a summary as octets.
//!
//! Layout, all numbers LEB128 varints, a text as its length and octets, an optional text as its length plus one (0 is
//! none): version octet, length of the envelope, length of the structure, envelope, structure, the rest. The lengths come
//! first so that each section is read without the others. Read by `view`.

use super::{Disposition, Envelope, EnvelopeAddress, Part, Summary};

/// The first octet. Another one means: make the summary again from the message.
pub(super) const VERSION: u8 = 1;

/// Bits that say which lists of an envelope are those of From.
pub(super) const SENDER_IS_FROM: u8 = 1;
pub(super) const REPLY_TO_IS_FROM: u8 = 2;

/// Bits that say what a part has.
pub(super) const HAS_PARAMS: u64 = 1;
pub(super) const HAS_ENCODING: u64 = 1 << 1;
pub(super) const HAS_ID: u64 = 1 << 2;
pub(super) const HAS_DESCRIPTION: u64 = 1 << 3;
pub(super) const HAS_DISPOSITION: u64 = 1 << 4;
pub(super) const HAS_LANGUAGE: u64 = 1 << 5;
pub(super) const HAS_LOCATION: u64 = 1 << 6;
pub(super) const HAS_MD5: u64 = 1 << 7;
pub(super) const HAS_CHILDREN: u64 = 1 << 8;
pub(super) const HAS_ENVELOPE: u64 = 1 << 9;

/// Bits of the rest.
pub(super) const IS_REPLY: u8 = 1;
pub(super) const HAS_ATTACHMENT: u8 = 2;
pub(super) const HAS_SENT: u8 = 4;

pub(super) fn encode(summary: &Summary) -> Vec<u8> {
    let mut envelope = Vec::with_capacity(512);
    put_envelope(&mut envelope, &summary.envelope);
    let mut structure = Vec::with_capacity(256);
    structure.push(u8::from(summary.structure.truncated));
    put_number(&mut structure, summary.structure.parts.len() as u64);
    let mut from = 0;
    for part in &summary.structure.parts {
        put_part(&mut structure, part, from);
        from = part.header_start;
    }
    let mut out = Vec::with_capacity(envelope.len() + structure.len() + summary.preview.len() + 256);
    out.push(VERSION);
    put_number(&mut out, envelope.len() as u64);
    put_number(&mut out, structure.len() as u64);
    out.extend_from_slice(&envelope);
    out.extend_from_slice(&structure);
    put_rest(&mut out, summary);
    out
}

fn put_rest(out: &mut Vec<u8>, summary: &Summary) {
    let mut flags = 0;
    for (bit, is_set) in [
        (IS_REPLY, summary.is_reply_or_forward),
        (HAS_ATTACHMENT, summary.has_attachment),
        (HAS_SENT, summary.sent.is_some()),
    ] {
        flags |= if is_set { bit } else { 0 };
    }
    out.push(flags);
    if let Some(sent) = summary.sent {
        out.extend_from_slice(&sent.millis().to_le_bytes());
    }
    put_text(out, &summary.preview);
    put_text(out, &summary.subject_base);
    put_optional(out, summary.message_id.as_deref());
    put_optional(out, summary.list_id.as_deref());
    put_number(out, summary.references.len() as u64);
    summary.references.iter().for_each(|id| put_text(out, id));
}

fn put_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    put_optional(out, envelope.date.as_deref());
    put_optional(out, envelope.subject.as_deref());
    put_addresses(out, &envelope.from);
    let mut same = 0;
    for (bit, list) in [(SENDER_IS_FROM, &envelope.sender), (REPLY_TO_IS_FROM, &envelope.reply_to)] {
        same |= if *list == envelope.from { bit } else { 0 };
    }
    out.push(same);
    if same & SENDER_IS_FROM == 0 {
        put_addresses(out, &envelope.sender);
    }
    if same & REPLY_TO_IS_FROM == 0 {
        put_addresses(out, &envelope.reply_to);
    }
    put_addresses(out, &envelope.to);
    put_addresses(out, &envelope.cc);
    put_addresses(out, &envelope.bcc);
    put_optional(out, envelope.in_reply_to.as_deref());
    put_optional(out, envelope.message_id.as_deref());
}

/// How many, how many octets, each; so that a list can be passed over unread.
fn put_addresses(out: &mut Vec<u8>, list: &[EnvelopeAddress]) {
    put_number(out, list.len() as u64);
    if list.is_empty() {
        return;
    }
    let mut octets = Vec::with_capacity(list.len() * 48);
    for address in list {
        put_optional(&mut octets, address.name.as_deref());
        put_optional(&mut octets, address.adl.as_deref());
        put_optional(&mut octets, address.mailbox.as_deref());
        put_optional(&mut octets, address.host.as_deref());
    }
    put_number(out, octets.len() as u64);
    out.extend_from_slice(&octets);
}

fn put_part(out: &mut Vec<u8>, part: &Part, from: u32) {
    let mut flags = 0;
    for (bit, is_set) in [
        (HAS_PARAMS, !part.params.is_empty()),
        (HAS_ENCODING, part.encoding.is_some()),
        (HAS_ID, part.id.is_some()),
        (HAS_DESCRIPTION, part.description.is_some()),
        (HAS_DISPOSITION, part.disposition.is_some()),
        (HAS_LANGUAGE, !part.language.is_empty()),
        (HAS_LOCATION, part.location.is_some()),
        (HAS_MD5, part.md5.is_some()),
        (HAS_CHILDREN, part.children > 0),
        (HAS_ENVELOPE, part.envelope.is_some()),
    ] {
        flags |= if is_set { bit } else { 0 };
    }
    put_number(out, flags);
    put_text(out, &part.media_type);
    put_text(out, &part.subtype);
    put_number(out, u64::from(part.header_start.saturating_sub(from)));
    put_number(out, u64::from(part.body_start.saturating_sub(part.header_start)));
    put_number(out, u64::from(part.size_octets()));
    put_number(out, u64::from(part.lines));
    if !part.params.is_empty() {
        put_pairs(out, &part.params);
    }
    for text in [&part.encoding, &part.id, &part.description].into_iter().flatten() {
        put_text(out, text);
    }
    if let Some(Disposition { kind, params }) = &part.disposition {
        put_text(out, kind);
        put_pairs(out, params);
    }
    if !part.language.is_empty() {
        let mut octets = Vec::new();
        part.language.iter().for_each(|tag| put_text(&mut octets, tag));
        put_counted(out, part.language.len(), &octets);
    }
    for text in [&part.location, &part.md5].into_iter().flatten() {
        put_text(out, text);
    }
    if part.children > 0 {
        put_number(out, u64::from(part.children));
    }
    if let Some(envelope) = &part.envelope {
        put_envelope(out, envelope);
    }
}

fn put_pairs(out: &mut Vec<u8>, pairs: &[(String, String)]) {
    let mut octets = Vec::new();
    for (name, value) in pairs {
        put_text(&mut octets, name);
        put_text(&mut octets, value);
    }
    put_counted(out, pairs.len(), &octets);
}

fn put_counted(out: &mut Vec<u8>, count: usize, octets: &[u8]) {
    put_number(out, count as u64);
    put_number(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

fn put_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => {
            put_number(out, text.len() as u64 + 1);
            out.extend_from_slice(text.as_bytes());
        }
        None => out.push(0),
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
