//! The command line of investigations: what there is. Mail is looked into by people who have signed in, not by the machine.

use api::actions::Action;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum InvestigationCommand {
    /// List investigations, those that are closed included.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show one: whose mail is looked into, what was searched for and by whom, how much was found.
    Show {
        /// Number from the list.
        id: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl From<InvestigationCommand> for Action {
    fn from(command: InvestigationCommand) -> Self {
        match command {
            InvestigationCommand::List { organisation } => Self::InvestigationList { organisation },
            InvestigationCommand::Show { id, organisation } => Self::InvestigationShow { id, organisation },
        }
    }
}
