//! The message model: addresses, parsed structure, text for search, trace headers, delivery reports.
//!
//! Everything works on the message as received, a byte slice that is never rewritten: offsets found here are
//! offsets into it. Knows nothing of protocols and storage.

pub mod address;
pub mod date;
pub mod domain;
pub mod dsn;
pub mod header;
pub mod message;
pub mod notice;
pub mod protection;
pub mod seal_notes;
pub mod trace;

pub use address::{Address, AddressError};
