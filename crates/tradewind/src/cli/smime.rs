//! Keys and certificates of S/MIME.

use std::path::{Path, PathBuf};

use api::actions::{Action, Refused};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SmimeCommand {
    /// List the keys of an account or, without one, the certificates that the organisation trusts and knows.
    List {
        /// Address of the account.
        address: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Import a key with its certificate: PKCS#12 (.p12, .pfx), or PEM without a password.
    Import {
        /// Address of the account.
        address: String,
        /// The file.
        file: PathBuf,
        /// File whose first line is the password of the PKCS#12 file.
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// Make a key for an account, certified by the organisation's own authority.
    Request {
        /// Address of the account.
        address: String,
    },
    /// Destroy a key of an account.
    Remove {
        /// Address of the account.
        address: String,
        /// Its number, as `smime list` shows it.
        id: i64,
        /// Say that it is meant: what was encrypted to it and is not decrypted yet cannot be read any more.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Trust an authority (root), the certificate of a partner (partner), or add an authority's list of revoked certificates (list).
    Trust {
        /// root, partner or list.
        kind: String,
        /// The file: PEM or DER; a list in DER.
        file: PathBuf,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Ask the directories that the settings name for the certificate of a partner.
    Lookup {
        /// Address of the partner.
        partner: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Forget a certificate or list.
    Forget {
        /// Its number, as `smime list` shows it.
        id: i64,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

pub(super) fn encoded(file: &Path) -> Result<String, Refused> {
    use base64::Engine as _;
    Ok(base64::engine::general_purpose::STANDARD.encode(read(file)?))
}

fn read(file: &Path) -> Result<Vec<u8>, Refused> {
    std::fs::read(file).map_err(|error| Refused(format!("cannot read {}: {error}", file.display())))
}

impl SmimeCommand {
    pub(crate) fn action(self) -> Result<Action, Refused> {
        Ok(match self {
            Self::List { address: Some(address), .. } => Action::SmimeKeys { address },
            Self::List { address: None, organisation } => Action::SmimeCertificates { organisation },
            Self::Import { address, file, password_file } => {
                let password = match password_file {
                    Some(path) => {
                        let text = String::from_utf8(read(&path)?).map_err(Refused::because)?;
                        Some(text.lines().next().unwrap_or_default().to_owned())
                    }
                    None => None,
                };
                Action::SmimeImport { address, file: encoded(&file)?, password }
            }
            Self::Request { address } => Action::SmimeRequest { address },
            Self::Remove { address, id, .. } => Action::SmimeRemove { address, id },
            Self::Trust { kind, file, organisation } => {
                Action::SmimeTrust { kind, file: encoded(&file)?, organisation }
            }
            Self::Lookup { partner, organisation } => Action::SmimeLookup { partner, organisation },
            Self::Forget { id, organisation } => Action::SmimeForget { id, organisation },
        })
    }
}
