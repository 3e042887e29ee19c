//! What must protect messages to partners.

use api::actions::Action;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ProtectionCommand {
    /// List the rules of the organisation for partners.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Set what must protect messages to a partner: one of the ways, or a message does not go.
    Set {
        /// Domain, with all below it, or address.
        partner: String,
        /// end-to-end, smime, openpgp, portal, verified-tls.
        #[arg(required = true)]
        ways: Vec<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Take the rule for a partner away.
    Remove {
        /// Domain or address.
        partner: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl ProtectionCommand {
    pub(crate) fn action(self) -> Action {
        match self {
            Self::List { organisation } => Action::ProtectionList { organisation },
            Self::Set { partner, ways, organisation } => Action::ProtectionSet { partner, ways, organisation },
            Self::Remove { partner, organisation } => Action::ProtectionRemove { partner, organisation },
        }
    }
}
