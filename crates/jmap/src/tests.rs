//! Calls as a client makes them, without HTTP, on both engines.

mod changes;
mod extensions;
mod fixture;
mod mail;
mod making;
mod sending;
