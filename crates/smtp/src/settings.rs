//! Settings of the SMTP services and of delivery.

use std::net::IpAddr;
use std::path::PathBuf;

use env::settings::serde::{Deserialize, Serialize};

env::settings! {
    /// Mail that comes in: from other servers and from our users' clients.
    pub struct SmtpSettings in "smtp" {
        /// Longest message, in bytes as sent. Attachments grow by a third on their way: 50 MiB carries files of about 36 MiB.
        message_bytes_max: u64 = 50 << 20,
        /// Longest header of a message, in bytes. Honest ones have some KiB.
        header_bytes_max: usize = 1 << 20,
        /// Levels of parts within parts (multiparts and attached messages) of a message, at most 32. Honest ones have a handful.
        mime_depth_max: usize = 32,
        /// Parts of a message, at most 1999: texts, attachments, and what holds them.
        mime_parts_max: usize = 1000,
        /// Recipients of one message.
        recipients_max: usize = 1000,
        /// Messages of one connection.
        messages_per_connection_max: usize = 10_000,
        /// Bytes of all messages being received at the same time; further senders wait.
        in_flight_bytes_max: u64 = 512 << 20,
        /// Seconds that a client may be silent between commands (RFC 5321 section 4.5.3.2.7 asks for 300).
        idle_seconds: u64 = 300,
        /// Seconds that a client may be silent within a message (RFC 5321 section 4.5.3.2.5 asks for 180).
        data_idle_seconds: u64 = 180,
        /// Least bytes per second within a message, after the first minute; slower senders are cut off.
        data_bytes_per_second_min: u32 = 200,
        /// Connections at the same time on each service.
        connections_max: usize = 4000,
        /// Connections at the same time from one address.
        connections_per_address_max: usize = 100,
        /// Connections a minute from one network (IPv4 /24, IPv6 /64) to the service for other servers; 0 for no limit.
        connections_per_network_minute_max: u32 = 600,
        /// Messages a minute from one network (IPv4 /24, IPv6 /64) of senders that have not signed in; 0 for no limit.
        messages_per_network_minute_max: u32 = 3000,
        /// Lists of clients in DNS that are asked about strangers (RFC 5782): "zone" or "zone=points". From 4 points a client is suspicious,
        /// which is what a list gives without a number.
        dns_lists: Vec<String> = Vec::new(),
        /// Seconds after which a suspicious client may send what it first tried to send; 0 to let it at once.
        greylist_seconds: u64 = 300,
        /// Seconds that a suspicious client waits for the greeting, at most 200 at a time; one that speaks before is refused. 0 to look at
        /// nobody before the greeting.
        greeting_pause_seconds: u64 = 5,
        /// Networks that have no such limits and are never suspicious, such as your own relays.
        exempt_networks: Vec<String> = vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
        /// `Received:` fields that a message may have; more mean a loop (RFC 5321 section 6.3).
        hops_max: usize = 50,
    }
}

env::settings! {
    /// Mail that goes out: routes, waiting times, limits of each destination.
    pub struct DeliverySettings in "delivery" {
        /// Routes, tried in this order; what matches none goes to the domain's own mail exchangers. See the manual's page on routes.
        route: Vec<Route> = Vec::new(),
        /// Port of other servers. Anything but 25 is for tests.
        port: u16 = 25,
        /// Port of the hosts that serve other domains' policies (MTA-STS). Anything but 443 is for tests.
        policy_port: u16 = 443,
        /// Deliveries at the same time.
        deliveries_max: usize = 200,
        /// Connections at the same time to one destination.
        connections_per_destination_max: usize = 10,
        /// Messages sent over one connection before it is closed.
        messages_per_connection_max: usize = 100,
        /// Seconds after which what a node was delivering when it died is taken over by another, or by itself after a start; at least 4. A node
        /// that lives renews its claim.
        lease_seconds: u64 = 600,
        /// Seconds to wait for a connection.
        connect_seconds: u64 = 30,
        /// Seconds to wait for an answer (RFC 5321 section 4.5.3.2 asks for 300, and 600 after the message).
        answer_seconds: u64 = 300,
        /// Seconds that a destination that could not be reached is left alone before the next message tries it.
        unreachable_pause_seconds: u64 = 60,
        /// Minutes to wait after each failed attempt; the last one repeats.
        retry_minutes: Vec<u64> = vec![1, 5, 15, 30, 60, 120, 240],
        /// Hours after which delivery is given up (RFC 5321 section 4.5.4.1 asks for four to five days).
        expire_hours: u64 = 120,
        /// Hours after which the sender is told that delivery is delayed.
        delay_notice_hours: u64 = 4,
        /// Days ahead for which a send may be scheduled (RFC 4865).
        schedule_days_max: u64 = 30,
        /// Report each day how connections fared to the domains that ask for it (TLS-RPT, RFC 8460).
        tls_reports: bool = true,
        /// Files with further root certificates (PEM) that vouch for relays, exchangers and policy hosts.
        roots: Vec<PathBuf> = Vec::new(),
    }
}

/// A way for mail to certain domains.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", default, deny_unknown_fields)]
pub struct Route {
    /// Domains: `example.com`, `*.ir` for everything below a domain or a country's code, `*` for all.
    pub recipients: Vec<String>,
    /// Relay as `host`, `host:port`, or `address:port`; without it, the domain's own exchangers.
    pub relay: Option<String>,
    /// Name to sign in with at the relay; needs TLS.
    pub user: Option<String>,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Whether TLS must be had.
    pub tls: TlsDemand,
    /// Oldest TLS version that will do; naming it demands TLS.
    pub tls_min: Option<TlsFloor>,
    /// File with the only certificate authority (PEM) that vouches for this partner; naming it demands TLS. What the partner's own zone
    /// and policy ask for (DANE, MTA-STS) does not matter then.
    pub ca: Option<PathBuf>,
    /// Whether the connection is encrypted with SM2, SM3 and SM4 (RFC 8998); demands TLS, as `ca` does.
    pub gm: Option<GmDemand>,
    /// File with the authorities of SM2 (PEM) that vouch for this partner; goes with `gm`.
    pub gm_ca: Option<PathBuf>,
    /// Chain of SM2 (PEM) that we show where the partner asks for a certificate of ours.
    pub gm_certificate: Option<PathBuf>,
    /// Its private key (PEM).
    pub gm_key: Option<PathBuf>,
    /// Address of this machine to send from.
    pub source: Option<IpAddr>,
    /// How messages must be encrypted from end to end; others never go to this partner, whatever the connection: "pgp", "smime", "either", or "portal" for either or the portal.
    pub content: Option<ContentDemand>,
    /// What must protect a message to this partner, one of the list, or it does not go: "end-to-end" (encrypted by its author), "smime" and
    /// "openpgp" (by its author or this server), "portal", "verified-tls". `content` is the short form of some of them; name one of the two.
    pub protection: Option<mail::protection::Demand>,
    /// What this server does with messages to this partner: sign and encrypt them with S/MIME.
    pub smime: Option<mail::protection::Rule>,
    /// The same with OpenPGP, by the keys that are known or found.
    pub openpgp: Option<mail::protection::Rule>,
    /// By which names content of SM2 goes: those of CMS, or those of GM/T 0010.
    pub smime_names: certbook::Names,
    /// What must be known of whether a recipient's certificate was revoked before anything is encrypted to it: "asked", or "required".
    pub smime_status: certbook::StatusDemand,
}

/// How messages to a partner must be encrypted from end to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum ContentDemand {
    /// By OpenPGP (RFC 9580), in MIME (RFC 3156) or as the whole text.
    Pgp,
    /// By S/MIME (RFC 8551).
    Smime,
    /// By one of them.
    Either,
    /// By one of them, or in the portal, where the partner reads them by a password or a link.
    Portal,
}

/// What is asked of a connection in the way of SM2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum GmDemand {
    /// SM2 where the partner has it; else a certificate of the other kind that `ca`, or an authority that we trust, vouches for.
    Preferred,
    /// SM2, or nothing.
    Required,
}

/// Oldest TLS version that will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde")]
pub enum TlsFloor {
    /// TLS 1.2 (RFC 5246).
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    Tls13,
}

/// What is asked of a connection's encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum TlsDemand {
    /// TLS where it is offered, with whatever certificate; else in clear (RFC 7435).
    #[default]
    Opportunistic,
    /// TLS with a certificate that is valid for the relay's or exchanger's name; else not at all.
    Required,
}
