//! A message as received: its structure, envelope and text, found once and kept in a compact form.

pub mod charset;
mod codec;
pub mod encoding;
mod encryption;
mod envelope;
mod extent;
mod heads;
mod html;
mod mailboxes;
mod params;
mod section;
mod split;
mod stored;
mod structure;
mod subject;
mod summary;
pub mod text;
mod utf7;
mod view;
pub mod words;

pub use encoding::{UnknownEncoding, decode_part};
pub use encryption::ContentEncryption;
pub use envelope::{Envelope, EnvelopeAddress, sole_author};
pub use extent::{Extent, ExtentLimits, TooComplex};
pub use html::{Rows, html_to_text};
pub use mailboxes::{ADDRESSES_MAX, parse_addresses};
pub use section::{MessageRange, PartRange};
pub use split::{DEPTH_MAX, PARTS_MAX};
pub use stored::{List, ListIter};
pub use structure::{Disposition, Part, Structure};
pub use subject::{BaseSubject, base_subject, casemap};
pub use summary::{PREVIEW_CHARS_MAX, REFERENCES_MAX, Summary};
pub use view::{
    AddressRef, Addresses, DecodeError, EnvelopeRef, IndexRef, Pairs, PartRef, Parts, Strings, StructureRef, SummaryRef,
};

#[cfg(test)]
mod tests;
