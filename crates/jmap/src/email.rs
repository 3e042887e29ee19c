//! Messages (RFC 8621 section 4) and threads (section 3).

mod body;
mod changes;
mod compose;
mod create;
mod filter;
mod get;
mod header;
mod import;
mod keywords;
mod order;
mod parse;
mod properties;
mod query;
mod set;
mod shown;
mod snippet;
mod thread;

pub(crate) use body::{part_id, shown_texts, text_of};
pub(crate) use changes::{Fate, answer as answer_changes, changed_since, changes, cut, read_state, take_max};
pub(crate) use compose::{addresses, text_content, text_lines};
pub(crate) use filter::phrases;
pub(crate) use get::get;
pub(crate) use import::{copy, import};
pub(crate) use order::OPTIONS as SORT_OPTIONS;
pub(crate) use parse::parse;
pub(crate) use query::{query, query_changes};
pub(crate) use set::set;
pub(crate) use shown::get as shown_get;
pub(crate) use snippet::get as snippets;
pub(crate) use thread::{changes as thread_changes, get as thread_get};
