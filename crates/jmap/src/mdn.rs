//! Notifications of what became of a message with its reader (RFC 9007, in the form of RFC 8098).

mod letter;
mod parse;
mod send;
mod wanted;

pub(crate) use parse::parse;
pub(crate) use send::send;

/// What a reader did and how it was told (RFC 8098 section 3.2.6): members of `disposition` and the words that each may be.
const DISPOSITION: [(&str, &[&str]); 3] = [
    ("actionMode", &["manual-action", "automatic-action"]),
    ("sendingMode", &["mdn-sent-manually", "mdn-sent-automatically"]),
    ("type", &["deleted", "dispatched", "displayed", "processed"]),
];

/// The keyword of messages of which a notification was sent (RFC 3503).
const SENT: &str = "$mdnsent";
