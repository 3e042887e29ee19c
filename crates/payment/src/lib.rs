//! Payment details in text: accounts, codes of banks, wallets, with who holds them and which bank keeps them.
//!
//! [`find`] reads [`Block`]s of text, wherever they come from, and gives each detail once for each account: what a bank keeps of one
//! (code, name, country) and its holder are fields of that detail. What has a checksum of its own is found anywhere; what has none
//! is found behind a word that says what it is, in one of thirteen languages.
//!
//! Knows neither mail nor documents nor storage, reads in time that grows with the text alone, and finds nothing that is not
//! written there.

mod bind;
mod checks;
mod currency;
mod detail;
mod fields;
mod find;
mod fold;
mod iban;
mod items;
mod labels;
mod layout;
mod values;
mod wallets;

pub use detail::{Block, Check, Clearing, Confidence, Detail, Kind, Place, Scheme, Source, same_account};
pub use find::{BLOCKS_MAX, DETAILS_MAX, TEXT_CHARS_MAX, find};
