//! The command line of certificates and DNS records.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum TlsCommand {
    /// Issue a certificate of SM2 (RFC 8998) by an authority of our own: the server's, or a person's to sign in with.
    GmCertificate {
        /// Host name or address that it is for; may be repeated. Without any: the server's host name.
        #[arg(long = "name")]
        names: Vec<String>,
        /// Mail address of the person whom it is for, instead of the server.
        #[arg(long, conflicts_with = "names")]
        person: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DnsCommand {
    /// Print the zone records that a domain needs.
    Zone {
        /// Domain name.
        domain: String,
    },
    /// Show on which blocklists our addresses and domains stand, since when, and where they are taken off.
    Blocklists {
        /// Ask the lists now.
        #[arg(long)]
        look: bool,
    },
    /// Print the TLSA records of the present certificate and of the next key, for a zone that is signed (RFC 7672).
    Tlsa {
        /// Make the key of the next certificate now; a renewal takes it once the zone names it.
        #[arg(long)]
        next: bool,
    },
}
