//! Calls as a client makes them, without HTTP, on both engines.

mod changes;
mod contacts;
mod extensions;
mod fixture;
mod keys;
mod labels;
mod mail;
mod making;
mod outbound;
mod protection;
mod push;
mod pushed;
mod receipts;
mod rules;
mod sending;
mod sharing;
mod sorting;
