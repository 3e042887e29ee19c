//! Identities and submissions (RFC 8621 sections 6 and 7).

mod get;
mod identities;
mod query;
mod rows;
mod set;

pub(crate) use get::{changes, get, own};
pub(crate) use identities::{
    all_identities, changes as identity_changes, get as identity_get, sender, set as identity_set,
    state_now as identity_state,
};
pub(crate) use query::{query, query_changes};
pub(crate) use rows::state as current_state;
pub(crate) use set::set;
