//! Messages (RFC 8621 section 4) and threads (section 3).

mod body;
mod changes;
mod filter;
mod get;
mod header;
mod keywords;
mod order;
mod properties;
mod query;
mod set;
mod thread;

pub(crate) use changes::{Fate, answer as answer_changes, changed_since, changes, cut, read_state, take_max};
pub(crate) use get::get;
pub(crate) use order::OPTIONS as SORT_OPTIONS;
pub(crate) use query::{query, query_changes};
pub(crate) use set::set;
pub(crate) use thread::{changes as thread_changes, get as thread_get};
