//! Mail that is encrypted to a key of its owner as it comes.

use std::path::PathBuf;

use api::actions::{Action, Refused};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum OnReceiptCommand {
    /// Show whether mail to an account is encrypted as it comes, and to which key.
    Show {
        /// Mail address.
        address: String,
    },
    /// Encrypt it to a key of OpenPGP whose private part its owner keeps. The server cannot search in it then.
    Openpgp {
        /// Mail address.
        address: String,
        /// How the fingerprint begins; the newest key in use that its owner keeps if left out.
        #[arg(long)]
        key: Option<String>,
    },
    /// Encrypt it to a certificate of S/MIME, whose private key is not here. The server cannot search in it then.
    Smime {
        /// Mail address.
        address: String,
        /// File with the certificate, PEM or DER.
        file: PathBuf,
    },
    /// Store it as it comes again; what was encrypted stays so.
    Off {
        /// Mail address.
        address: String,
    },
}

impl OnReceiptCommand {
    pub(crate) fn into_action(self) -> Result<Action, Refused> {
        let on = |address, method: &str, key_id, certificate| Action::ReceiptOn {
            address,
            method: method.to_owned(),
            key_id,
            certificate,
        };
        Ok(match self {
            Self::Show { address } => Action::ReceiptShow { address },
            Self::Openpgp { address, key } => on(address, "openpgp", key, None),
            Self::Smime { address, file } => on(address, "smime", None, Some(super::smime::encoded(&file)?)),
            Self::Off { address } => Action::ReceiptOff { address },
        })
    }
}
