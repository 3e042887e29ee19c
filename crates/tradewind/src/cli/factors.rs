//! Second factors.

use std::path::{Path, PathBuf};

use api::actions::{Action, Refused};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum FactorCommand {
    /// List a person's second factors, and what is asked at sign-in.
    List {
        /// Mail address.
        address: String,
    },
    /// List everybody who must have a second factor, by level and role, and has none that counts.
    Missing,
    /// Take a factor from a person, as when a key is lost. Without any left, the next sign-in asks to enrol one.
    Remove {
        /// Mail address.
        address: String,
        /// Number from the list.
        id: i64,
    },
    /// Print a new sheet of recovery codes; those of an earlier sheet no longer count.
    RecoveryCodes {
        /// Mail address.
        address: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityCommand {
    /// Trust an authority.
    Add {
        /// Its certificate in PEM.
        certificate: PathBuf,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List authorities with their revocation lists.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Replace an authority's revocation list. From the first one on, only a current list lets anybody in.
    Crl {
        /// Number from the list.
        id: i64,
        /// The revocation list in PEM.
        crl: PathBuf,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Trust an authority no longer.
    Remove {
        /// Number from the list.
        id: i64,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl FactorCommand {
    pub(crate) fn into_action(self) -> Action {
        match self {
            Self::List { address } => Action::FactorList { address },
            Self::Missing => Action::FactorMissing,
            Self::Remove { address, id } => Action::FactorRemove { address, id },
            Self::RecoveryCodes { address } => Action::FactorRecoveryCodes { address },
        }
    }
}

impl AuthorityCommand {
    pub(crate) fn into_action(self) -> Result<Action, Refused> {
        Ok(match self {
            Self::Add { certificate, organisation } => {
                Action::AuthorityAdd { certificate: read(&certificate)?, organisation }
            }
            Self::List { organisation } => Action::AuthorityList { organisation },
            Self::Crl { id, crl, organisation } => Action::AuthorityCrl { id, crl: read(&crl)?, organisation },
            Self::Remove { id, organisation } => Action::AuthorityRemove { id, organisation },
        })
    }
}

fn read(path: &Path) -> Result<String, Refused> {
    std::fs::read_to_string(path)
        .map_err(|error| Refused(format!("{}: {error}; it must be a file in PEM", path.display())))
}
