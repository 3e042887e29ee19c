//! IMAP4rev2 (RFC 9051) and IMAP4rev1 (RFC 3501), the server's side, without I/O; the client's is in [`client`].
//!
//! # The way of a command
//!
//! ```text
//! bytes ─► Framer ─► Frame ─► parse ─► Command ─► rules ─► Step::Command ─► the driver
//!          bounds    text +            typed      state                      executes, writes
//!                    literals                                                with Writer, completes
//! ```
//!
//! [`Framer`] cuts the input into [`Frame`]s and keeps every bound: it knows how large a literal may be before it asks
//! for it. [`parse`] turns a frame into a [`Command`]; it never sees input that is too long. [`Session`] holds the
//! state of the connection, refuses what is out of place, answers what needs no mailbox, and hands on the rest as
//! [`Step`]s. The driver answers through [`Writer`], which writes into one buffer and formats nothing aside.
//!
//! # How to drive it
//!
//! ```text
//! session.greet(&mut out);
//! loop {
//!     match session.next(&mut out) {
//!         Step::Read => { send and clear out; read; session.feed(bytes) }
//!         Step::Command(tagged) => { execute, writing to out or draining it; session.complete(&mut out, &reply) }
//!         Step::Login { .. } => session.signed_in(&mut out, "welcome"),
//!         Step::StartTls => { send out; handshake; session.tls_started() }
//!         Step::IdleStart => { watch for changes and for input; feed and ask again }
//!         Step::Close(_) => { send out; break }
//!         ..
//!     }
//! }
//! ```
//!
//! # What is whose
//!
//! The session answers CAPABILITY, ENABLE, LOGOUT, NOOP before sign-in, and every refusal. It writes `[CLOSED]` before
//! a second SELECT, and the `[CAPABILITY]` code with greeting and sign-in. All else, ID and NOOP included, is the
//! driver's. What a driver must keep itself: the saved search result (`$`), the selected mailbox's UIDs, and that
//! EXPUNGE is not told during FETCH, STORE and SEARCH without UID (RFC 9051 section 7.5.1).
//!
//! Mailbox names are UTF-8 inside ([`MailboxName`]); on the wire they are modified UTF-7 until the client enables
//! UTF8=ACCEPT or IMAP4rev2 ([`Enabled::utf8`]), and [`Writer`] must be told so.

pub mod client;
mod command;
mod datetime;
mod fetch;
mod flag;
mod frame;
mod limits;
mod mailbox_name;
mod parse;
mod response;
mod search;
mod sequence;
mod session;
mod structure;

pub use self::command::{
    AclChange, AppendMessage, Command, Copy, List, ListReturn, ListSelect, Qresync, Select, SpecialUse, StatusItem,
    Store, StoreAction, Tagged,
};
pub use self::datetime::{Date, DateTime};
pub use self::fetch::{Fetch, FetchItem, Partial, Section, SectionText};
pub use self::flag::{Flags, SystemFlags};
pub use self::frame::{Frame, FrameError, Framed, Framer, Line};
pub use self::limits::*;
pub use self::mailbox_name::{MailboxName, NameError, SEPARATOR, decode_utf7, encode_utf7, pattern_matches};
pub use self::parse::{ParseError, Parsed, parse};
pub use self::response::{
    Code, FetchWriter, ListEntry, QuotaResource, Reply, SearchResult, Status, StatusValue, ThreadNode, Writer,
    write_body_structure, write_envelope, write_mailbox, write_nstring, write_number, write_ranges, write_set,
    write_status, write_string, write_uid_set,
};
pub use self::search::{Search, SearchKey, SearchReturn, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm};
pub use self::sequence::{NumberSet, SequenceNumber, SequenceSet};
pub use self::session::{CloseReason, Enabled, Session, Settings, State, Step};
pub use self::structure::{Address, BodyStructure, Envelope, Extension, MultiPart, SinglePart};
