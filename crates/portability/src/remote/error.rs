//! Why mail cannot be taken over, with what to do.

use crypto::tls::CertificateFault;
use env::dns::DnsError;
use net::{ConnectError, StreamError};
use wire::imap::client::{ClientError, SignInError};

use crate::PutError;

/// Why mail cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The name of the host leads nowhere.
    #[error("{host} cannot be looked up: {cause}; is the name right?")]
    Name {
        /// The host.
        host: String,
        /// What the resolver said.
        cause: DnsError,
    },
    /// The host has no address, or is none.
    #[error("{host} is no host that can be reached; is the name right?")]
    NoAddress {
        /// The host.
        host: String,
    },
    /// Nobody answers.
    #[error("{0}; is the port right, and does a firewall let this machine out?")]
    Connect(ConnectError),
    /// The certificate is not to be trusted.
    #[error("the certificate of {host} is not to be trusted ({cause}); {}", remedy(*fault))]
    Certificate {
        /// The host.
        host: String,
        /// What kind of fault it is.
        fault: CertificateFault,
        /// What was found.
        cause: String,
    },
    /// No TLS.
    #[error(
        "{host} does not begin with TLS on port {port} ({cause}); perhaps it wants STARTTLS: --tls starttls, most often on port 143"
    )]
    Handshake {
        /// The host.
        host: String,
        /// Its port.
        port: u16,
        /// What was found.
        cause: String,
    },
    /// The server lets nobody in.
    #[error("{user} at {host}: {error}{}", hint(error))]
    SignIn {
        /// The host.
        host: String,
        /// As whom.
        user: String,
        /// What it said.
        error: Box<SignInError>,
    },
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Lost(#[from] StreamError),
    /// The server ended the connection.
    #[error("the server ended the connection")]
    Ended,
    /// The server wants that it is waited.
    #[error("the server asks to wait: {0}")]
    Wait(String),
    /// Its words cannot be followed.
    #[error(transparent)]
    Words(#[from] ClientError),
    /// It does not tell what folders there are.
    #[error("the server does not list its folders: {0}")]
    NoList(String),
    /// It was waited for long enough.
    #[error("nothing came for {minutes} minutes ({last}); what was brought is here, run it again later and it goes on")]
    OutOfPatience {
        /// How long.
        minutes: u64,
        /// The last thing that was in the way.
        last: Box<Self>,
    },
    /// It cannot be put into the account.
    #[error(transparent)]
    Put(#[from] PutError),
}

impl RemoteError {
    /// Whether the same can work in a while.
    pub(super) const fn passes(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Ended | Self::Wait(_) | Self::Words(_))
    }
}

impl From<mailbox::MailboxError> for RemoteError {
    fn from(error: mailbox::MailboxError) -> Self {
        Self::Put(error.into())
    }
}

impl From<store::StoreError> for RemoteError {
    fn from(error: store::StoreError) -> Self {
        Self::Put(error.into())
    }
}

const fn remedy(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::OutOfDate => "have it renewed there; is the clock of this machine right?",
        CertificateFault::OtherName => "use the name that stands in it as --host",
        CertificateFault::NotTrusted => {
            "if it is of an authority of your own, give its certificate with --ca FILE, as you have it from a safe place"
        }
        CertificateFault::Other => {
            "have it put in order there; if it is of an authority of your own, give its certificate with --ca FILE, as you have it from a safe place"
        }
    }
}

/// What helps most often.
fn hint(error: &SignInError) -> &'static str {
    match error {
        SignInError::Refused(_) => {
            "; many providers want a password of its own for mail programs (app password, 授权码, 客户端专用密码) and that IMAP is switched on"
        }
        SignInError::RefusedToken(_) => "; get a fresh token with the scope for IMAP",
        SignInError::NoStartTls => "; perhaps TLS begins at once: --tls implicit, most often on port 993",
        SignInError::NoMechanism { .. } => "; give a token with --token-file, or a password, as it asks for",
        SignInError::Client(_) => "; is this the port of IMAP?",
        _ => "",
    }
}
