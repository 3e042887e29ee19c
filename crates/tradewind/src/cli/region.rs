//! The command line of regions.

use api::actions::{Action, NewCrossingRule, TransfersWanted};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum RegionCommand {
    /// List the regions that are known, our own first.
    List,
    /// Make another region known, or change it.
    Set {
        /// Name: lowercase letters, digits and hyphens.
        name: String,
        /// Its country, two letters.
        #[arg(long)]
        country: String,
        /// The server that takes mail for those whose home is there: host or host:port. None for a region of partners.
        #[arg(long)]
        server: Option<String>,
    },
    /// Forget a region that is nobody's home.
    Remove {
        /// Name.
        name: String,
    },
    /// Addresses and domains whose home is in another region.
    #[command(subcommand)]
    Home(HomeCommand),
    /// Rules of what may cross into other regions and countries.
    #[command(subcommand)]
    Rule(RuleCommand),
    /// Set in which country a person works who is not in that of our region.
    Place {
        /// Address of the person.
        address: String,
        /// The country, two letters; left out for that of our region.
        country: Option<String>,
    },
    /// Show the register of transfers: what crossed, on which basis, and what was not let cross.
    Transfers {
        /// From this day on, as 2026-01-31.
        #[arg(long)]
        since: Option<String>,
        /// Before this day.
        #[arg(long)]
        until: Option<String>,
        /// As a table for spreadsheets.
        #[arg(long)]
        csv: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HomeCommand {
    /// Say that the home of an address or a domain is in another region; its mail goes there from then on.
    Set {
        /// Address, or a domain that is not hosted here.
        name: String,
        /// The region.
        region: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List them.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Forget one.
    Remove {
        /// Address or domain.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RuleCommand {
    /// Let something cross; one without a condition, a basis or an end is refused.
    Set(NewRule),
    /// List the rules.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Take a rule away.
    Remove {
        /// Its name.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewRule {
    /// Its name; another rule of that name is replaced.
    name: String,
    /// delivery, export, backup or view.
    #[arg(long)]
    kind: Option<String>,
    /// From which region; ours if none is named.
    #[arg(long)]
    from: Option<String>,
    /// region:NAME, country:XX, or for mail domain:NAME.
    #[arg(long)]
    to: Option<String>,
    /// The highest classification that may cross: public, internal, confidential or secret; internal if none is named.
    #[arg(long)]
    class: Option<String>,
    /// What must protect it: tls, or for mail content; tls if none is named.
    #[arg(long)]
    encryption: Option<String>,
    /// On what it stands in law: consent, scc or pipl-contract.
    #[arg(long)]
    basis: Option<String>,
    /// Where that can be read: number of a contract, of a filing.
    #[arg(long)]
    reference: Option<String>,
    /// The day on which it ends, as 2027-12-31.
    #[arg(long)]
    ends: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    organisation: Option<String>,
}

impl RegionCommand {
    pub(crate) fn action(self) -> Action {
        match self {
            Self::List => Action::RegionList,
            Self::Set { name, country, server } => Action::RegionSet { name, country, server },
            Self::Remove { name } => Action::RegionRemove { name },
            Self::Home(HomeCommand::Set { name, region, organisation }) => {
                Action::RegionHomeSet { name, region, organisation }
            }
            Self::Home(HomeCommand::List { organisation }) => Action::RegionHomeList { organisation },
            Self::Home(HomeCommand::Remove { name, organisation }) => Action::RegionHomeRemove { name, organisation },
            Self::Rule(RuleCommand::Set(rule)) => rule.action(),
            Self::Rule(RuleCommand::List { organisation }) => Action::CrossingRuleList { organisation },
            Self::Rule(RuleCommand::Remove { name, organisation }) => Action::CrossingRuleRemove { name, organisation },
            Self::Place { address, country } => Action::RegionPlaceSet { address, country },
            Self::Transfers { since, until, csv, organisation } => {
                Action::TransferList(TransfersWanted { since, until, csv, organisation })
            }
        }
    }
}

impl NewRule {
    fn action(self) -> Action {
        let Self { name, kind, from, to, class, encryption, basis, reference, ends, organisation } = self;
        let rule = NewCrossingRule { name, kind, from, to, class, encryption, basis, reference, ends, organisation };
        Action::CrossingRuleSet(rule)
    }
}
