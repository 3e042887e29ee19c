//! By which servers mail leaves, and who may hand mail in.

use api::actions::{Action, ConnectorToSet};
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectorCommand {
    /// List routes of the settings and connectors, in the order in which they are tried.
    List,
    /// Set by which server mail to certain domains leaves.
    Out(Box<OutConnector>),
    /// Set who may hand mail in, and how.
    In(Box<InConnector>),
    /// Take a connector away.
    Remove {
        /// Its number, as the list gives it.
        id: String,
    },
    /// Open a connection as for a message: greeting, TLS, certificate, sign-in. No message is sent.
    Test {
        /// Its number, as the list gives it.
        id: String,
        /// Domain of a recipient, where the connector names no server.
        #[arg(long)]
        domain: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct OutConnector {
    /// What people call it.
    name: String,
    /// Domains of recipients: example.com, *.ir, *.
    #[arg(required = true)]
    domains: Vec<String>,
    /// The server, as host, host:port or address:port; without one, the domains' own mail exchangers.
    #[arg(long)]
    relay: Option<String>,
    /// opportunistic, required or required-1.3.
    #[arg(long, default_value = "required")]
    encryption: String,
    /// Name to sign in with at the server.
    #[arg(long)]
    user: Option<String>,
    /// File whose first line is the password.
    #[arg(long)]
    password_file: Option<std::path::PathBuf>,
    /// Address of this machine to send from.
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct InConnector {
    /// What people call it.
    name: String,
    /// Domains that the partner sends from.
    domains: Vec<String>,
    /// Network of the partner's servers, as 192.0.2.0/24.
    #[arg(long = "network")]
    networks: Vec<String>,
    /// SHA-256 of a certificate that its servers show.
    #[arg(long = "certificate")]
    certificates: Vec<String>,
    /// Mail from these servers and domains comes over TLS, or not at all.
    #[arg(long)]
    needs_tls: bool,
    /// Mail from these domains comes from these servers, or not at all.
    #[arg(long)]
    only_from: bool,
    /// Address of a program's account in whose name these servers may send anywhere.
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Number of the one that is changed.
    #[arg(long)]
    id: Option<String>,
    /// Of several that match, the one with the lowest position counts.
    #[arg(long)]
    position: Option<i64>,
    /// Keep it without its holding.
    #[arg(long)]
    disabled: bool,
}

impl Place {
    fn base(self, name: String, direction: &str, domains: Vec<String>) -> ConnectorToSet {
        ConnectorToSet {
            id: self.id,
            name,
            direction: direction.to_owned(),
            enabled: !self.disabled,
            position: self.position,
            domains,
            ..ConnectorToSet::default()
        }
    }
}

impl ConnectorCommand {
    /// The action that it comes to.
    pub(crate) fn action(self) -> Result<Action, api::actions::Refused> {
        Ok(match self {
            Self::List => Action::ConnectorList,
            Self::Out(of) => {
                let password = of.password_file.as_deref().map(first_line).transpose()?;
                Action::ConnectorSet(ConnectorToSet {
                    relay: of.relay,
                    encryption: Some(of.encryption),
                    user: of.user,
                    password,
                    source: of.source,
                    ..of.place.base(of.name, "out", of.domains)
                })
            }
            Self::In(of) => Action::ConnectorSet(ConnectorToSet {
                networks: of.networks,
                certificates: of.certificates,
                needs_tls: of.needs_tls,
                only_from: of.only_from,
                account: of.account,
                ..of.place.base(of.name, "in", of.domains)
            }),
            Self::Remove { id } => Action::ConnectorRemove { id },
            Self::Test { id, domain } => Action::ConnectorTest { id, domain },
        })
    }
}

fn first_line(file: &std::path::Path) -> Result<String, api::actions::Refused> {
    let text =
        std::fs::read_to_string(file).map_err(|error| api::actions::Refused(format!("{}: {error}", file.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
