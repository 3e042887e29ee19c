//! What people are signed in with: sessions, app passwords, programs, and the clients of the OAuth server.

use api::actions::{Action, NewDevice, NewProgram};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List who is signed in on the web.
    List {
        /// Mail address.
        address: String,
    },
    /// End one web session, or everything that anybody is signed in to the account with.
    End {
        /// Mail address.
        address: String,
        /// Number of the session; without it everything ends, connections and programs too.
        id: Option<i64>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AppPasswordCommand {
    /// Make an app password for a device; it is shown once.
    Add {
        /// Mail address.
        address: String,
        /// The device that it is for.
        label: String,
        /// What it may be used for: imap, smtp; may be given more than once, both if left out.
        #[arg(long = "for", value_name = "PROTOCOL")]
        protocols: Vec<String>,
        /// Days until it expires; never if left out.
        #[arg(long)]
        days: Option<u32>,
    },
    /// List app passwords.
    List {
        /// Mail address.
        address: String,
    },
    /// Take an app password away; what is signed in with it ends at once.
    Revoke {
        /// Mail address.
        address: String,
        /// Its number.
        id: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProgramCommand {
    /// List the programs that an account has connected by OAuth.
    List {
        /// Mail address.
        address: String,
    },
    /// Disconnect a program at once.
    Revoke {
        /// Mail address.
        address: String,
        /// Number of what it was allowed.
        id: i64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum OauthCommand {
    /// Clients of the OAuth server.
    #[command(subcommand)]
    Client(OauthClientCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum OauthClientCommand {
    /// Register a client. Prints its identifier and, unless it is public, its secret, which is shown once.
    Add {
        /// Its name as people read it.
        name: String,
        /// Where it may have people sent back to; may be given more than once.
        #[arg(long = "redirect", value_name = "URI")]
        redirects: Vec<String>,
        /// What it may ask for: openid, profile, email, imap, smtp, offline_access.
        #[arg(long, default_value = "openid profile email")]
        scope: String,
        /// It cannot keep a secret.
        #[arg(long)]
        public: bool,
        /// How its identity tokens are signed: ES256, or RS256 for clients that know nothing else.
        #[arg(long, default_value = "ES256")]
        algorithm: String,
        /// Whose people may use it; the only organisation if left out.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// List clients, those that come with the program included.
    List {
        /// The only organisation if left out.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Remove a client with everything that people have allowed it.
    Remove {
        /// Its identifier.
        client_id: String,
        /// The only organisation if left out.
        #[arg(long)]
        organisation: Option<String>,
    },
}

impl SessionCommand {
    pub(crate) fn into_action(self) -> Action {
        match self {
            Self::List { address } => Action::SessionList { address },
            Self::End { address, id } => Action::SessionEnd { address, id },
        }
    }
}

impl AppPasswordCommand {
    pub(crate) fn into_action(self) -> Action {
        match self {
            Self::Add { address, label, protocols, days } => {
                Action::AppPasswordAdd(NewDevice { address, label, protocols, days })
            }
            Self::List { address } => Action::AppPasswordList { address },
            Self::Revoke { address, id } => Action::AppPasswordRevoke { address, id },
        }
    }
}

impl ProgramCommand {
    pub(crate) fn into_action(self) -> Action {
        match self {
            Self::List { address } => Action::ProgramList { address },
            Self::Revoke { address, id } => Action::ProgramRevoke { address, id },
        }
    }
}

impl OauthCommand {
    pub(crate) fn into_action(self) -> Action {
        let Self::Client(command) = self;
        match command {
            OauthClientCommand::Add { name, redirects, scope, public, algorithm, organisation } => {
                let algorithm = Some(algorithm);
                Action::OauthClientAdd(NewProgram { name, redirects, scope, public, algorithm, organisation })
            }
            OauthClientCommand::List { organisation } => Action::OauthClientList { organisation },
            OauthClientCommand::Remove { client_id, organisation } => {
                Action::OauthClientRemove { client_id, organisation }
            }
        }
    }
}
