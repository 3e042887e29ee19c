//! What the session asks of its driver, and the answers.

use std::borrow::Cow;

use crate::sasl::{Credentials, Mechanism, Proved, TokenCredentials};
use crate::smtp::{Envelope, ForwardPath, MailParams, RcptParams, Reply, ReversePath};

/// What the driver is to do next.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "made and taken apart at once, never kept")]
pub enum Step {
    /// Read from the client and [`feed`](super::Session::feed) it.
    Read,
    /// Write what [`take_output`](super::Session::take_output) gives.
    Send,
    /// Decide, then [`answer`](super::Session::answer).
    Ask(Question),
    /// Do the TLS handshake as server, then [`tls_started`](super::Session::tls_started). Octets read in clear and not
    /// yet fed must be thrown away (RFC 3207 section 4.2).
    StartTls,
    /// Close the connection.
    Close,
}

/// What only the driver can decide. Each is answered by a [`Verdict`], but for [`Question::ScramKeys`].
#[derive(Debug)]
pub enum Question {
    /// May this user sign in?
    Authenticate {
        /// How.
        mechanism: Mechanism,
        /// What proves it.
        proof: Proof,
    },
    /// Which keys has the user? Answer with [`answer_keys`](super::Session::answer_keys); a [`Verdict`] refuses.
    ScramKeys {
        /// The user's name, prepared.
        user: String,
    },
    /// May mail come from here?
    MailFrom {
        /// Where failures go.
        from: ReversePath,
        /// Parameters.
        params: MailParams,
    },
    /// Is mail for this address taken?
    RcptTo {
        /// Where mail goes.
        to: ForwardPath,
        /// Parameters.
        params: RcptParams,
        /// How many recipients were accepted before.
        accepted: usize,
    },
    /// Here is a message: is it taken? `Accept` promises that it is safe on disk.
    Message {
        /// From whom, for whom.
        envelope: Envelope,
        /// Header and body: lines with CRLF, dots taken off, no NUL.
        body: Vec<u8>,
    },
}

/// What shows that the client is the user.
#[derive(Debug)]
pub enum Proof {
    /// A password to check.
    Password(Credentials),
    /// SCRAM was passed; only whether the user may sign in is left to decide.
    Verified(Proved),
    /// An access token to check.
    Token(TokenCredentials),
    /// The certificate of the TLS connection, to be looked at; with whom the client wants to act as.
    Certificate(Option<String>),
}

/// The driver's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes; `text` stands in the place of the usual words.
    Accept {
        /// Words of the reply after its codes.
        text: Option<Cow<'static, str>>,
    },
    /// No, with this reply of 4xx or 5xx; any other becomes 451.
    Reject(Reply),
    /// No, and hang up after this reply.
    Close(Reply),
}

impl Verdict {
    /// Yes, in the usual words.
    pub const ACCEPT: Self = Self::Accept { text: None };

    /// Yes, in these words.
    #[must_use]
    pub fn accept(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Accept { text: Some(text.into()) }
    }

    /// No, with code, enhanced code and words.
    #[must_use]
    pub fn reject(code: u16, enhanced: (u8, u16, u16), text: impl Into<Cow<'static, str>>) -> Self {
        Self::Reject(Reply::new(code, enhanced, text))
    }
}
