//! SMTP (RFC 5321) with its extensions: commands and replies as types, sessions of server and client without I/O.

mod address;
pub mod client;
mod command;
#[cfg(test)]
mod command_tests;
mod params;
mod reply;
pub mod server;
mod xtext;

pub use address::{ForwardPath, Mailbox, PathError, ReversePath};
pub use command::{Command, CommandError};
pub use params::{AuthParam, BodyKind, Hold, MailParams, Notify, OriginalRecipient, RcptParams, Ret};
pub use reply::{Enhanced, REPLY_LINE_BYTES_MAX, Reply};

use crate::sasl::ChannelBindings;

/// What a session learns of the TLS connection under it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// Protocol as trace headers name it, such as `TLSv1.3`.
    pub protocol: String,
    /// Cipher suite as trace headers name it.
    pub cipher: String,
    /// What ties SCRAM to this connection.
    pub bindings: ChannelBindings,
    /// Whether the client showed a certificate, so that `EXTERNAL` can work; whose it is, is to be checked still.
    pub client_certificate: bool,
}

/// Who mail is from and for, as told by `MAIL` and `RCPT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Where failures go.
    pub from: ReversePath,
    /// Parameters of `MAIL`.
    pub params: MailParams,
    /// The accepted recipients, in their order.
    pub recipients: Vec<Recipient>,
}

/// One `RCPT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Where mail goes.
    pub to: ForwardPath,
    /// Parameters of `RCPT`.
    pub params: RcptParams,
}
