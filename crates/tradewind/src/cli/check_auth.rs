//! The command line of checking who vouches for a message.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct CheckAuth {
    /// Zone file: a map of names in YAML, or lines in the master file format of RFC 1035.
    #[arg(long)]
    pub(crate) zone: PathBuf,
    /// Address of the client.
    #[arg(long)]
    pub(crate) client_ip: std::net::IpAddr,
    /// What the client called itself.
    #[arg(long)]
    pub(crate) helo: String,
    /// Address in MAIL FROM; empty for the null sender.
    #[arg(long)]
    pub(crate) mail_from: String,
    /// The message; "-" for standard input.
    #[arg(long)]
    pub(crate) message: Option<PathBuf>,
    /// Domain whose ARC seals are believed; may be given more than once.
    #[arg(long)]
    pub(crate) trusted_sealer: Vec<String>,
    /// Host name of the receiver, for the macro `r` of SPF.
    #[arg(long, default_value = "unknown")]
    pub(crate) receiver: String,
}
