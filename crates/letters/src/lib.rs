//! Letters that the system writes itself: notifications to senders, reports to other domains, notices to people. And the form in which
//! protocols hand over what people write ([`Outbox`]).
//!
//! There is one way for all of them. [`Mailer::ready`] signs a letter for the domain of its author and puts its sealed bytes on disk;
//! [`Ready::post`] puts it into the queue, in the transaction of whatever it tells of, so that it is sent once, whatever crashes. Mail
//! for people here goes through the queue like any other: what does not fit into a full mailbox now is tried again. Forwarding holds for
//! notifications of delivery, not for notices to people.
//!
//! No letter starts a correspondence of machines: nobody is told of what becomes of it (RFC 3461, `NOTIFY=NEVER`), its reverse path is
//! empty unless a standard wants another, and its writer marks it with `Auto-Submitted` (RFC 3834), as [`mail::notice`] and
//! [`mail::dsn`] do.
//!
//! A notice to a person is [`Mailer::notice`] with the words in each language, and its `post` in the transaction:
//!
//! ```ignore
//! let ready = mailer.notice(account, |language| words_of(language)).await?;
//! store.write(move |tx| { change(tx)?; ready.post(tx) }).await?;
//! ```
//!
//! Knows nothing of protocols: a message for the queue goes out.

mod error;
pub mod foresight;
mod mailer;
mod outbox;
mod texts;

pub use error::LetterError;
pub use mailer::{Letter, Mailer, Protection, Ready, Words};
pub use outbox::{NotSent, Noting, Outbox, Outgoing};
pub use texts::Texts;
