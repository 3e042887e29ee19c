//! Reading what blobs are: messages, parts of them, uploaded files.

use mail::message::{Structure, encoding};
use mailbox::overview::places_of;
use mailbox::{Flags, uploads};
use store::{Blobs, Tx};

use crate::error::Failure;
use crate::ids::{BlobBase, BlobId};
use crate::reach::Reach;

/// The octets of a blob, if it is there for who asks.
///
/// # Errors
/// If the store fails.
pub(crate) fn read(tx: &mut Tx<'_>, blobs: &Blobs, reach: &Reach, blob: &BlobId) -> Result<Option<Vec<u8>>, Failure> {
    let found = match blob.base {
        BlobBase::Message(id) => {
            let is_there = places_of(tx, reach.account, id)?
                .iter()
                .any(|(mailbox, _, flags)| !flags.has(Flags::DELETED) && reach.may_read(*mailbox));
            match is_there {
                true => Some(mailbox::source(tx, reach.account, id)?.reader(blobs).read_all()?),
                false => None,
            }
        }
        // Who may not put anything into the account sees none of its files.
        BlobBase::Upload(_) if reach.is_read_only() => None,
        BlobBase::Upload(id) => match uploads::find(tx, reach.account, id)? {
            Some(upload) => Some(upload.read(blobs)?),
            None => None,
        },
    };
    Ok(found.and_then(|octets| within(octets, &blob.parts)))
}

/// Follows the numbers of parts.
fn within(mut octets: Vec<u8>, parts: &[u32]) -> Option<Vec<u8>> {
    for number in parts {
        let structure = Structure::parse(&octets);
        let part = structure.parts.get(usize::try_from(*number).ok()?).filter(|part| !part.is_multipart())?;
        let body = octets.get(part.body_range())?;
        octets = match encoding::decode(body, part.encoding.as_deref()) {
            Ok(decoded) if part.children == 0 => decoded.into_owned(),
            _ => body.to_vec(),
        };
    }
    Some(octets)
}
