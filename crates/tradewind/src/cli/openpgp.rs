//! Keys of OpenPGP.

use std::path::PathBuf;

use api::actions::{Action, KeyToExport, KeyToImport, Refused};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum OpenPgpCommand {
    /// List the keys of an account.
    List {
        /// Mail address.
        address: String,
    },
    /// Make a key that this server keeps for an account: it encrypts, signs and opens mail in the account's name.
    Make {
        /// Mail address.
        address: String,
        /// 4, which all programs read, or 6 (RFC 9580).
        // `--version` is the program's own.
        #[arg(long)]
        key_version: Option<String>,
    },
    /// Bring a key to an account: a private one to be kept here, or a public one whose owner keeps the private one.
    Import {
        /// Mail address.
        address: String,
        /// File with the key.
        file: PathBuf,
        /// File whose first line is the passphrase of a private key.
        #[arg(long)]
        passphrase_file: Option<PathBuf>,
    },
    /// Have the web key directory give the account's key to everybody.
    Publish {
        /// Mail address.
        address: String,
        /// How the fingerprint begins; the key in use if left out.
        #[arg(long)]
        key: Option<String>,
        /// Give it no longer.
        #[arg(long)]
        off: bool,
    },
    /// Have a key open old mail and do nothing else.
    Retire {
        /// Mail address.
        address: String,
        /// How the fingerprint begins.
        key: String,
    },
    /// Destroy a key. Mail that is encrypted to it can no longer be opened.
    Remove {
        /// Mail address.
        address: String,
        /// How the fingerprint begins.
        key: String,
        /// Say that it is meant.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Print a public key; or the private one, under a passphrase.
    Export {
        /// Mail address.
        address: String,
        /// How the fingerprint begins; the key in use if left out.
        #[arg(long)]
        key: Option<String>,
        /// File whose first line is the passphrase that the private key is put under. Without it the public key is printed.
        #[arg(long)]
        private_under: Option<PathBuf>,
    },
    /// List the keys that are known of correspondents.
    Partners {
        /// Mail address; all if left out.
        partner: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Bring the public key of a correspondent.
    AddPartner {
        /// Mail address.
        partner: String,
        /// File with the key.
        file: PathBuf,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Ask the web key directory of a correspondent for the key.
    Lookup {
        /// Mail address.
        partner: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Say that somebody has compared a correspondent's fingerprint, by telephone or in person: no other key takes its place by itself.
    Verify {
        /// Mail address.
        partner: String,
        /// The whole fingerprint.
        fingerprint: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Forget the keys of a correspondent.
    Forget {
        /// Mail address.
        partner: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl OpenPgpCommand {
    pub(crate) fn into_action(self) -> Result<Action, Refused> {
        Ok(match self {
            Self::List { address } => Action::OpenpgpList { address },
            Self::Make { address, key_version } => Action::OpenpgpMake { address, version: key_version },
            Self::Import { address, file, passphrase_file } => {
                let passphrase = passphrase_file.map(|file| first_line(&file)).transpose()?;
                Action::OpenpgpImport(KeyToImport { address, key: read(&file)?, passphrase })
            }
            Self::Publish { address, key, off } => Action::OpenpgpPublish { address, key_id: key, on: !off },
            Self::Retire { address, key } => Action::OpenpgpRetire { address, key_id: key },
            Self::Remove { address, key, .. } => Action::OpenpgpRemove { address, key_id: key },
            Self::Export { address, key, private_under: None } => Action::OpenpgpExport { address, key_id: key },
            Self::Export { address, key, private_under: Some(file) } => {
                Action::OpenpgpExportPrivate(KeyToExport { address, key_id: key, passphrase: first_line(&file)? })
            }
            Self::Partners { partner, organisation } => Action::OpenpgpPartners { partner, organisation },
            Self::AddPartner { partner, file, organisation } => {
                Action::OpenpgpPartnerAdd { partner, key: read(&file)?, organisation }
            }
            Self::Lookup { partner, organisation } => Action::OpenpgpLookup { partner, organisation },
            Self::Verify { partner, fingerprint, organisation } => {
                Action::OpenpgpVerify { partner, fingerprint, organisation }
            }
            Self::Forget { partner, organisation } => Action::OpenpgpForget { partner, organisation },
        })
    }
}

/// A key in a file: armor as it is, packets put into armor, as actions carry text.
fn read(file: &std::path::Path) -> Result<String, Refused> {
    let octets = std::fs::read(file).map_err(|error| Refused(format!("cannot read {}: {error}", file.display())))?;
    String::from_utf8(octets).map_err(|_| {
        Refused(format!("{} is no text; export the key in armor (gpg --armor) and try again", file.display()))
    })
}

fn first_line(file: &std::path::Path) -> Result<String, Refused> {
    Ok(read(file)?.lines().next().unwrap_or_default().to_owned())
}
