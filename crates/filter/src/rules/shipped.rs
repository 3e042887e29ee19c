//! The rule files that are built in.

use super::Source;

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        const FILES: &[(&str, &str)] = &[$((concat!($name, ".toml"), include_str!(concat!("../../rules/", $name, ".toml")))),+];
    };
}

files!(
    "build",
    "build-oddities",
    "file-tricks",
    "files",
    "forgery",
    "link-tricks",
    "links",
    "lists",
    "lures",
    "lures-by-structure",
    "offers",
    "phish",
    "sender-forgery",
    "senders",
    "spam",
);

/// All of them.
pub(super) fn sources() -> Vec<Source> {
    FILES.iter().map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
}
