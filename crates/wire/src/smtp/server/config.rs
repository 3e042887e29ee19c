//! What a server session is told once: its kind, its name, its extensions, its limits.

use std::fmt;
use std::sync::Arc;

use env::{Clock, Entropy};

use crate::sasl::Mechanism;

/// Which door the client came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Port 25: mail from other servers. No `AUTH`.
    Mx,
    /// Port 587: mail from our people, after `STARTTLS` and `AUTH` (RFC 6409).
    Submission,
    /// Port 465: the same with TLS from the first octet (RFC 8314 section 3.3).
    Submissions,
}

impl Kind {
    /// Whether people submit mail here and must authenticate.
    #[must_use]
    pub const fn is_submission(self) -> bool {
        matches!(self, Self::Submission | Self::Submissions)
    }
}

/// Settings of all sessions of one listener.
#[derive(Clone)]
pub struct ServerConfig {
    /// Our name, in the greeting and in replies.
    pub hostname: String,
    /// The door.
    pub kind: Kind,
    /// Whether TLS can be started (there is a certificate).
    pub starttls: bool,
    /// Whether `REQUIRETLS` can be kept on the way onward; offered under TLS alone (RFC 8689 section 2).
    pub require_tls: bool,
    /// What `AUTH` offers, strongest first. Without channel bindings, `-PLUS` is left out.
    pub mechanisms: Vec<Mechanism>,
    /// Longest hold by `FUTURERELEASE`, in seconds; `None` does not offer it. For submission alone.
    pub hold_seconds_max: Option<u32>,
    /// Bounds.
    pub limits: Limits,
    /// Keeps SCRAM answers for unknown users steady; random, the same on all nodes.
    pub pretence_secret: [u8; 32],
    /// Iterations that SCRAM shows for unknown users: those of real ones.
    pub pretence_iterations: u32,
    /// Where clients whose token is refused find the authorization server; empty for nowhere.
    pub openid_configuration: String,
    /// For nonces.
    pub entropy: Arc<dyn Entropy>,
    /// For the last moment that `FUTURERELEASE` offers.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("hostname", &self.hostname)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Bounds of one session. Waiting has its bounds in the driver, which calls `time_out`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a command line with CRLF (RFC 5321 section 4.5.3.1.4).
    pub command_line_bytes_max: usize,
    /// The same for `MAIL` and `RCPT`, whose parameters each add to it.
    pub parameter_line_bytes_max: usize,
    /// The same for `AUTH` and the lines that follow it (RFC 4954 section 4).
    pub auth_line_bytes_max: usize,
    /// Octets of one line after which we hang up rather than read on.
    pub endless_line_bytes_max: usize,
    /// Octets of a message, as `SIZE` offers.
    pub size_bytes_max: u64,
    /// Octets beyond `size_bytes_max` that we read and throw away to answer properly, before we hang up.
    pub oversize_bytes_max: u64,
    /// Octets of a line of a message with CRLF. RFC 5321 section 4.5.3.1.6 names 1,000; many senders write longer ones.
    pub text_line_bytes_max: usize,
    /// Recipients of one message, as `LIMITS RCPTMAX` offers (RFC 9422 section 4.2).
    pub recipients_max: usize,
    /// Recipients refused in one session, for being too many or otherwise, before we hang up.
    pub recipients_refused_max: usize,
    /// Messages in one session, as `LIMITS MAILMAX` offers (RFC 9422 section 4.1).
    pub messages_max: usize,
    /// Commands with errors in one session before we hang up.
    pub errors_max: usize,
    /// Commands that bring no message nearer (`NOOP`, `RSET`, `VRFY`, `EHLO` and the like) since the last message, before we
    /// hang up.
    pub idle_commands_max: usize,
    /// Failed sign-ins before we hang up (RFC 4954 section 4 allows a limit).
    pub auth_attempts_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_line_bytes_max: 512,
            parameter_line_bytes_max: 4096,
            auth_line_bytes_max: 12_288,
            endless_line_bytes_max: 64 * 1024,
            size_bytes_max: 50 * 1024 * 1024,
            oversize_bytes_max: 50 * 1024 * 1024,
            text_line_bytes_max: 32 * 1024,
            recipients_max: 1000,
            recipients_refused_max: 100,
            messages_max: 1000,
            errors_max: 20,
            idle_commands_max: 100,
            auth_attempts_max: 3,
        }
    }
}
