//! Certificates: the local authority for trying out, ACME for the real world, and what a certificate says.

pub mod acme;
pub mod authority;
pub mod facts;
mod files;
pub mod gm_authority;
mod next;
pub mod personal;

pub use facts::CertificateFacts;
pub use next::{next_association, next_key_file, prepare_next};

use std::io;
use std::path::PathBuf;

use env::Outlook;

/// A certificate that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A certificate or key cannot be read.
    #[error("{what}: {cause}")]
    Malformed {
        /// Which.
        what: String,
        /// Why.
        cause: String,
    },
    /// Making a certificate failed.
    #[error("cannot make a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// The certificate authority refused or cannot be reached.
    #[error("certificate authority: {cause}")]
    Authority {
        /// What it said.
        cause: String,
        /// Whether to ask again.
        outlook: Outlook,
    },
}

impl CertsError {
    /// Whether trying again later can help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Io { .. } => Outlook::Temporary,
            Self::Malformed { .. } | Self::Issue(_) => Outlook::Permanent,
            Self::Authority { outlook, .. } => *outlook,
        }
    }
}
