//! Failure reports (RFC 6591): of single messages, sent where that is switched on, and those of others on our domains.

pub(crate) mod fact;
pub(crate) mod header;
pub(crate) mod received;
pub(crate) mod send;
