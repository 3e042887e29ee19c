//! Calls as a client makes them, without HTTP, on both engines.

mod changes;
mod fixture;
mod mail;
mod making;
