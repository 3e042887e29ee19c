//! Investigations over many mailboxes (e-discovery): whose mail is looked into and why, what was searched for, what was found, and what
//! whoever looks thinks of it.
//!
//! An investigation has its custodians' mail under a legal hold from the first moment, so that nothing that it could find goes while it
//! lasts. Who may open one, and with whose consent, is decided by whoever calls; so is the record of every look. Plain functions over a
//! [`store::Tx`]. Knows nothing of protocols.

mod error;
mod file;
mod item;
mod look;

pub use error::InvestigationError;
pub use file::{
    CUSTODIANS_MAX, Investigation, NewInvestigation, add_custodians, close, is_custodian, list, load, open,
    permit_fetch, searchable,
};
pub use item::{Envelope, Item, Mark, NOTE_BYTES_MAX, PAGE_MAX, Wanted, counts, items, mark, origin, source};
pub use look::{SEARCHES_MAX, Search, SearchDone, Terms, begin_search, find, finish_search, note_found, searches};
