//! What a script can see of a message.

use std::cell::OnceCell;

use env::Timestamp;
use mail::header;
use mail::message::{Part, Structure, charset, decode_part, parse_addresses, text, words};

use crate::dates;
use crate::limits::{BODY_BYTES_MAX, VALUES_MAX};
use crate::tree::{AddressPart, Index};

/// A message and its envelope.
pub struct Letter<'a> {
    trace: &'a [u8],
    raw: &'a [u8],
    from: &'a str,
    to: &'a str,
    pub(crate) now: Timestamp,
    structure: OnceCell<Structure>,
}

impl<'a> Letter<'a> {
    /// The message `raw`, before which the header fields `trace` stand; its envelope is from `from`, empty for the null sender, and to
    /// `to`.
    #[must_use]
    pub const fn new(raw: &'a [u8], trace: &'a [u8], from: &'a str, to: &'a str, now: Timestamp) -> Self {
        Self { trace, raw, from, to, now, structure: OnceCell::new() }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.raw.len() as u64
    }

    fn fields<'b>(&'b self, name: &'b str) -> impl Iterator<Item = String> + 'b {
        header::fields(self.trace)
            .chain(header::fields(self.raw))
            .filter(move |field| field.is(name))
            .map(|field| String::from_utf8_lossy(&field.value()).trim().to_owned())
            .take(VALUES_MAX)
    }

    /// Values of the fields of one name, unfolded and not decoded.
    fn chosen(&self, name: &str, index: Option<Index>) -> Vec<String> {
        let mut all: Vec<String> = self.fields(name).collect();
        let Some(Index { number, is_from_last }) = index else { return all };
        let place = if is_from_last { all.len().checked_sub(number) } else { number.checked_sub(1) };
        place.filter(|place| *place < all.len()).map(|place| all.swap_remove(place)).into_iter().collect()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields(name).next().is_some()
    }

    /// Values with encoded words decoded (RFC 5228 section 5.7).
    pub(crate) fn values(&self, name: &str, index: Option<Index>) -> Vec<String> {
        self.chosen(name, index).iter().map(|value| words::decode(value).into_owned()).collect()
    }

    /// Parts of the addresses in the fields of one name.
    pub(crate) fn addresses(&self, name: &str, index: Option<Index>, part: AddressPart) -> Vec<String> {
        let values = self.chosen(name, index);
        let addresses = values.iter().flat_map(|value| parse_addresses(value)).filter_map(|it| it.email());
        addresses.filter_map(|address| part_of(&address, part)).take(VALUES_MAX).collect()
    }

    /// Part of an address of the envelope; none for a part that is not there.
    pub(crate) fn envelope(&self, name: &str, part: AddressPart) -> Option<String> {
        let address = match name.to_ascii_lowercase().as_str() {
            "from" => self.from,
            "to" => self.to,
            _ => return None,
        };
        // RFC 5228 section 5.4: the null sender is an empty string, whichever part is asked for.
        if address.is_empty() { Some(String::new()) } else { part_of(address, part) }
    }

    /// The moment in a field, and minutes east of UTC.
    pub(crate) fn date(&self, name: &str, index: Option<Index>) -> Option<(Timestamp, i64)> {
        let first = Some(index.unwrap_or(Index { number: 1, is_from_last: false }));
        dates::in_field(self.chosen(name, first).first()?)
    }

    fn structure(&self) -> &Structure {
        self.structure.get_or_init(|| Structure::parse(self.raw))
    }

    /// Whether files are attached.
    pub(crate) fn has_attachment(&self) -> bool {
        self.structure().leaves().any(Part::is_attachment)
    }

    /// The body as it stands.
    pub(crate) fn body_raw(&self) -> String {
        let (_, body) = header::split_header_body(self.raw);
        String::from_utf8_lossy(body.get(..BODY_BYTES_MAX).unwrap_or(body)).into_owned()
    }

    /// Text of the parts that are text, HTML reduced to what it shows.
    pub(crate) fn body_text(&self) -> Vec<String> {
        let texts = self.structure().leaves().filter_map(|part| text::part_text(self.raw, part));
        texts.take(VALUES_MAX).map(shortened).collect()
    }

    /// Decoded content of parts of one of `types`: `text`, `text/html`, or everything if empty (RFC 5173 section 5.2).
    pub(crate) fn body_content(&self, types: &[String]) -> Vec<String> {
        let is_wanted = |part: &&Part| types.iter().any(|wanted| is_of(part, wanted));
        let content = |part: &Part| {
            let octets = decode_part(self.raw, part).ok()?;
            let octets = octets.get(..BODY_BYTES_MAX).unwrap_or(&octets);
            Some(charset::decode(octets, part.param("charset")).into_owned())
        };
        self.structure().leaves().filter(is_wanted).filter_map(content).take(VALUES_MAX).map(shortened).collect()
    }
}

fn is_of(part: &Part, wanted: &str) -> bool {
    let wanted = wanted.to_ascii_lowercase();
    match wanted.split_once('/') {
        None => wanted.is_empty() || part.media_type == wanted,
        // RFC 5173 section 5.2: what is no type matches nothing.
        Some((kind, subtype)) => !kind.is_empty() && !subtype.is_empty() && part.is(kind, subtype),
    }
}

fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(BODY_BYTES_MAX));
    text
}

/// A part of an address; none if it has no such part (RFC 5233 section 4).
fn part_of(address: &str, part: AddressPart) -> Option<String> {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let found = match part {
        AddressPart::All => address,
        AddressPart::Local => local,
        AddressPart::Domain => domain,
        AddressPart::User => local.split_once('+').map_or(local, |(user, _)| user),
        AddressPart::Detail => local.split_once('+')?.1,
    };
    Some(found.to_owned())
}
