//! Stored summaries in the protocol's types.

use env::Timestamp;
use mail::message::{AddressRef, Addresses, EnvelopeRef, Pairs, PartRef, Parts, StructureRef};
use wire::imap::{Address, BodyStructure, DateTime, Envelope, Extension, MultiPart, SinglePart};

/// A moment as IMAP writes it.
pub(crate) fn date_time(moment: Timestamp) -> DateTime {
    DateTime::utc(moment.seconds())
}

/// An envelope.
pub(crate) fn envelope(stored: &EnvelopeRef<'_>) -> Envelope {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Envelope {
        date: owned(stored.date),
        subject: owned(stored.subject),
        from: addresses(&stored.from),
        sender: addresses(&stored.sender),
        reply_to: addresses(&stored.reply_to),
        to: addresses(&stored.to),
        cc: addresses(&stored.cc),
        bcc: addresses(&stored.bcc),
        in_reply_to: owned(stored.in_reply_to),
        message_id: owned(stored.message_id),
    }
}

fn addresses(stored: &Addresses<'_>) -> Vec<Address> {
    stored.iter().map(|address| one_address(&address)).collect()
}

fn one_address(stored: &AddressRef<'_>) -> Address {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Address { name: owned(stored.name), mailbox: owned(stored.mailbox), host: owned(stored.host) }
}

/// The structure of a message.
pub(crate) fn body_structure(stored: &StructureRef<'_>) -> BodyStructure {
    let mut parts = stored.parts();
    next_part(&mut parts).unwrap_or_else(|| BodyStructure::Single(Box::default()))
}

/// The next part with all that is below it. The depth is bounded where the structure is made.
fn next_part(parts: &mut Parts<'_>) -> Option<BodyStructure> {
    let part = parts.next()?;
    let is_message = part.envelope.is_some();
    if part.media_type == "multipart" && !is_message {
        let below = (0..part.children).filter_map(|_| next_part(parts)).collect();
        return Some(BodyStructure::Multi(Box::new(MultiPart {
            subtype: part.subtype.to_owned(),
            parameters: pairs(&part.params),
            parts: below,
            extension: extension(&part),
        })));
    }
    let message = match &part.envelope {
        Some(found) => next_part(parts).map(|body| (envelope(found), body)),
        None => None,
    };
    Some(BodyStructure::Single(Box::new(SinglePart {
        media_type: part.media_type.to_owned(),
        subtype: part.subtype.to_owned(),
        parameters: pairs(&part.params),
        id: part.id.map(str::to_owned),
        description: part.description.map(str::to_owned),
        encoding: part.encoding.unwrap_or("7bit").to_owned(),
        size_bytes: u64::from(part.body_end.saturating_sub(part.body_start)),
        lines: u64::from(part.lines),
        message,
        md5: part.md5.map(str::to_owned),
        extension: extension(&part),
    })))
}

fn extension(part: &PartRef<'_>) -> Extension {
    Extension {
        disposition: part.disposition.as_ref().map(|(kind, params)| ((*kind).to_owned(), pairs(params))),
        languages: part.language.iter().map(str::to_owned).collect(),
        location: part.location.map(str::to_owned),
    }
}

fn pairs(stored: &Pairs<'_>) -> Vec<(String, String)> {
    stored.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
