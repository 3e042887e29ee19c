//! The command line of the allow and deny lists.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ListCommand {
    /// Put an address, a domain, a network or a DKIM key on a list.
    Add(ListAdd),
    /// Take something off a list.
    Remove(ListPlace),
    /// Show both lists.
    Show {
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long)]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListAdd {
    #[command(flatten)]
    pub(crate) place: ListPlace,
    /// Why.
    #[arg(long)]
    pub(crate) reason: String,
    /// Who puts it there.
    #[arg(long, env = "USER", hide_env_values = true, default_value = "administrator")]
    pub(crate) owner: String,
    /// Days after which it stops to count; for ever if left out.
    #[arg(long)]
    pub(crate) expires: Option<u32>,
    /// Allow the address or domain even where nobody vouches for the message: anybody can then use its name. Noted in the log.
    #[arg(long)]
    pub(crate) unauthenticated: bool,
    /// Take what it allows even where the author's DMARC policy asks to refuse it. Noted in the log.
    #[arg(long)]
    pub(crate) despite_policy: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListPlace {
    /// allow or deny.
    pub(crate) list: String,
    /// address, domain, network or key.
    pub(crate) kind: String,
    /// What is listed: name@domain, domain, network, selector._domainkey.domain or signing domain.
    pub(crate) value: String,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long)]
    pub(crate) organisation: Option<String>,
}
