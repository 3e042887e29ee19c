//! Commands about groups, shared mailboxes, delegation, programs, and where people come from.

use api::actions::{Action, GroupName, GroupToMake, Impersonal, Refused, TableToImport, ToForbid, ToPermit};
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Group {
    /// Address of the group; its name if it has none.
    group: String,
    /// Organisation, by name, for a group without address; may be left out where there is only one.
    #[arg(long)]
    organisation: Option<String>,
}

impl From<Group> for GroupName {
    fn from(given: Group) -> Self {
        Self { group: given.group, organisation: given.organisation }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Make a group.
    Add {
        /// Address of the group; leave it out for a group that only names people.
        address: Option<String>,
        /// Shown name.
        #[arg(long)]
        name: Option<String>,
        /// Who may write to it: anyone, organisation, members or owners.
        #[arg(long, default_value = "organisation")]
        senders: String,
        /// Organisation, by name; may be left out where there is an address or only one organisation.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List groups.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Show a group with its members and owners.
    Show(Group),
    /// Say who may write to a group.
    Senders {
        #[command(flatten)]
        group: Group,
        /// anyone, organisation, members or owners.
        senders: String,
    },
    /// Put somebody into a group: an account, another group, or an address elsewhere.
    MemberAdd {
        #[command(flatten)]
        group: Group,
        /// Address of the member.
        member: String,
        /// Let them answer for the group instead.
        #[arg(long)]
        owner: bool,
    },
    /// Take somebody out of a group.
    MemberRemove {
        #[command(flatten)]
        group: Group,
        /// Address of the member.
        member: String,
        /// No longer let them answer for the group instead.
        #[arg(long)]
        owner: bool,
    },
    /// Delete a group; its members stay what they are.
    Remove(Group),
}

impl From<GroupCommand> for Action {
    fn from(command: GroupCommand) -> Self {
        match command {
            GroupCommand::Add { address, name, senders, organisation } => {
                Self::GroupAdd(GroupToMake { address, name, senders, organisation })
            }
            GroupCommand::List { organisation } => Self::GroupList { organisation },
            GroupCommand::Show(group) => Self::GroupShow(group.into()),
            GroupCommand::Senders { group, senders } => Self::GroupSenders { name: group.into(), senders },
            GroupCommand::MemberAdd { group, member, owner } => {
                Self::GroupMemberAdd { name: group.into(), member, owner }
            }
            GroupCommand::MemberRemove { group, member, owner } => {
                Self::GroupMemberRemove { name: group.into(), member, owner }
            }
            GroupCommand::Remove(group) => Self::GroupRemove(group.into()),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Permit {
    /// Address of the account that it is about.
    account: String,
    /// Address of the account that may.
    delegate: String,
    /// read, write, send-as or send-on-behalf.
    permission: String,
    /// Of reading and writing: only this mailbox.
    #[arg(long)]
    mailbox: Option<String>,
    /// Days until it ends; until it is taken back if left out.
    #[arg(long)]
    days: Option<u32>,
}

impl From<Permit> for ToPermit {
    fn from(given: Permit) -> Self {
        let Permit { account, delegate, permission, mailbox, days } = given;
        Self { account, delegate, permission, mailbox, days }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Forbid {
    /// Address of the account that it is about.
    account: String,
    /// Address of the account that may no longer.
    delegate: String,
    /// Which permission; all of them if left out.
    permission: Option<String>,
}

impl From<Forbid> for ToForbid {
    fn from(given: Forbid) -> Self {
        Self { account: given.account, delegate: given.delegate, permission: given.permission }
    }
}

#[derive(Debug, Args)]
pub(crate) struct NewImpersonal {
    /// Mail address.
    address: String,
    /// Shown name.
    #[arg(long)]
    name: Option<String>,
    /// Room for mail in MiB; 0 for no limit.
    #[arg(long, default_value_t = 0)]
    quota_mib: u64,
}

impl From<NewImpersonal> for Impersonal {
    fn from(given: NewImpersonal) -> Self {
        Self { address: given.address, name: given.name, quota_mib: given.quota_mib }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum SharedCommand {
    /// Make a shared mailbox.
    Add(NewImpersonal),
    /// Let somebody use it.
    Permit(Permit),
    /// No longer let somebody use it.
    Forbid(Forbid),
    /// List who may use it and how.
    List {
        /// Address of the shared mailbox.
        address: String,
    },
}

impl From<SharedCommand> for Action {
    fn from(command: SharedCommand) -> Self {
        match command {
            SharedCommand::Add(new) => Self::SharedAdd(new.into()),
            SharedCommand::Permit(new) => Self::SharedPermit(new.into()),
            SharedCommand::Forbid(old) => Self::SharedForbid(old.into()),
            SharedCommand::List { address } => Self::DelegationList { address },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum DelegationCommand {
    /// Let somebody read a person's mail or send in their name.
    Add(Permit),
    /// Take that back.
    Remove(Forbid),
    /// List who may do what with an account.
    List {
        /// Address of the account.
        address: String,
    },
}

impl From<DelegationCommand> for Action {
    fn from(command: DelegationCommand) -> Self {
        match command {
            DelegationCommand::Add(new) => Self::DelegationAdd(new.into()),
            DelegationCommand::Remove(old) => Self::DelegationRemove(old.into()),
            DelegationCommand::List { address } => Self::DelegationList { address },
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCommand {
    /// Make an account for a program. It has no password of its own.
    Add {
        #[command(flatten)]
        new: NewImpersonal,
        /// Network from where it may be used; may be given more than once. From anywhere if left out.
        #[arg(long = "network")]
        networks: Vec<String>,
        /// What it is for.
        #[arg(long, default_value = "")]
        purpose: String,
    },
    /// Say from where a program's account may be used; from anywhere if no network is named.
    Networks {
        /// Mail address.
        address: String,
        /// Networks, such as 192.0.2.0/24.
        networks: Vec<String>,
    },
}

impl From<ServiceCommand> for Action {
    fn from(command: ServiceCommand) -> Self {
        match command {
            ServiceCommand::Add { new, networks, purpose } => Self::ServiceAdd { new: new.into(), networks, purpose },
            ServiceCommand::Networks { address, networks } => {
                Self::ServiceNetworks { address, networks, purpose: None }
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum DirectoryCommand {
    /// Write people, shared mailboxes, programs and groups as a table (CSV) to standard output.
    Export {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Make the directory agree with a table (CSV): all of it or, if a line is wrong, nothing.
    Import {
        /// The file.
        file: std::path::PathBuf,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl DirectoryCommand {
    pub(crate) fn action(self) -> Result<Action, Refused> {
        use base64::Engine as _;
        Ok(match self {
            Self::Export { organisation } => Action::DirectoryExport { organisation },
            Self::Import { file, dry_run, organisation } => {
                let bytes = std::fs::read(&file)
                    .map_err(|error| Refused(format!("cannot read {}: {error}", file.display())))?;
                let file = base64::engine::general_purpose::STANDARD.encode(bytes);
                Action::DirectoryImport(TableToImport { file, dry_run, organisation })
            }
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProvisionCommand {
    /// Take over people and groups from an LDAP directory now; the server does so by itself from time to time.
    Sync {
        /// Name of the directory in the configuration file.
        source: String,
        /// Only say what would be done with people.
        #[arg(long)]
        dry_run: bool,
        /// However many have vanished from it, that is right.
        #[arg(long)]
        allow_vanishing: bool,
    },
    /// Forget who at an identity provider an account is, as when its address is another person's now; ends its sign-ins.
    Unlink {
        /// Name of the provider in the configuration file.
        provider: String,
        /// Address of the account.
        address: String,
    },
    /// Clients of the provisioning interface (SCIM).
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a client; its token is shown once.
    Add {
        /// What it is called, such as the identity provider's name.
        name: String,
        /// Days until its token ends; never if left out.
        #[arg(long)]
        days: Option<u32>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List clients.
    List {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// End a client's token at once.
    Revoke {
        /// What it is called.
        name: String,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl From<ProvisionCommand> for Action {
    fn from(command: ProvisionCommand) -> Self {
        match command {
            ProvisionCommand::Sync { source, dry_run, allow_vanishing } => {
                Self::ProvisionSync { source, dry_run, allow_vanishing }
            }
            ProvisionCommand::Unlink { provider, address } => Self::ProvisionUnlink { provider, address },
            ProvisionCommand::Token(TokenCommand::Add { name, days, organisation }) => {
                Self::ProvisionTokenAdd { name, days, organisation }
            }
            ProvisionCommand::Token(TokenCommand::List { organisation }) => Self::ProvisionTokenList { organisation },
            ProvisionCommand::Token(TokenCommand::Revoke { name, organisation }) => {
                Self::ProvisionTokenRevoke { name, organisation }
            }
        }
    }
}
