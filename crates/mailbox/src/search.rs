//! Search within a mailbox, exact as people see the text: substrings, without regard to case and width, in any script.
//!
//! Cheap facts decide first: what the mailbox's rows say, then the sealed summary, then the sealed search signature (see
//! [`signature`]), which rules out nearly every message without the words. Only what is left is opened and read.

mod account;
mod content;
mod evaluate;
mod query;
mod run;
pub(crate) mod signature;

pub use account::search_account;
pub(crate) use account::{Rows, search_rows};
pub(crate) use content::Content;
pub use query::{Field, Needle, QUERY_DEPTH_MAX, Query};
pub(crate) use run::Opens;
pub use run::{Budget, search};
