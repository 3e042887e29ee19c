//! What will protect a message, asked before it is sent: what a protocol by which people write asks of the one that delivers.

use env::Timestamp;
use mail::protection::Means;
use store::{StoreError, Tx};

env::words! {
    /// How a message is going to be sent.
    Intent "form of a message" allowed "usual, end-to-end, portal" {
        /// As its author writes it.
        Usual = "usual",
        /// Encrypted by its author to the key that the recipient keeps.
        EndToEnd = "end-to-end",
        /// In the portal: a letter with a link goes, and no content.
        Portal = "portal",
    }

    /// What will protect a message.
    Protection "protection" allowed "here, end-to-end, smime, smime-gm, openpgp, portal, verified-tls, opportunistic-tls, none, kept-back" {
        /// It does not leave this server.
        Here = "here",
        /// Its author's encryption, to the key that the recipient keeps.
        EndToEnd = "end-to-end",
        /// This server encrypts it with S/MIME.
        Smime = "smime",
        /// The same with SM2, SM3 and SM4.
        SmimeGm = "smime-gm",
        /// This server encrypts it with OpenPGP.
        OpenPgp = "openpgp",
        /// It is in the portal.
        Portal = "portal",
        /// The connection has TLS whose other end is proven, or it does not go.
        VerifiedTls = "verified-tls",
        /// The connection has TLS if the other server offers it, whoever that is.
        OpportunisticTls = "opportunistic-tls",
        /// Nothing: the last message went in clear.
        None = "none",
        /// It would not go.
        KeptBack = "kept-back",
    }

    /// Why a connection has TLS whose other end is proven.
    Voucher "voucher" allowed "rule, dane, mta-sts, requiretls" {
        /// The administrator or the organisation asks for it.
        Rule = "rule",
        /// The partner's zone (RFC 7672).
        Dane = "dane",
        /// The partner's policy (RFC 8461).
        MtaSts = "mta-sts",
        /// The sender (RFC 8689).
        RequireTls = "requiretls",
    }

    /// Whence it is known.
    Basis "basis" allowed "rule, policy, last-delivery, unknown" {
        /// A rule of ours says so; it is kept, or the message does not go.
        Rule = "rule",
        /// The partner's policy, which was fetched and holds.
        Policy = "policy",
        /// So it was with the last message to the domain. It can be otherwise with the next.
        LastDelivery = "last-delivery",
        /// Nothing is known of the domain yet.
        Unknown = "unknown",
    }

    /// Why a message would not go.
    Hindrance "hindrance" allowed "no-own-key, no-recipient-key, no-directory-key, not-protected, no-verified-tls" {
        /// It must be signed, and its author has no key here.
        NoOwnKey = "no-own-key",
        /// It must be encrypted, and no key or certificate of the recipient is known.
        NoRecipientKey = "no-recipient-key",
        /// The recipient keeps no key of which the directory of keys knows.
        NoDirectoryKey = "no-directory-key",
        /// A rule demands protection that the message would not have.
        NotProtected = "not-protected",
        /// The connection must be proven, and the partner's policy or server does not allow it.
        NoVerifiedTls = "no-verified-tls",
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose keys and rules count.
    pub organisation: i64,
    /// Who sends.
    pub account: i64,
    /// Address in From.
    pub author: &'a str,
    /// Address that it goes to.
    pub recipient: &'a str,
    /// How it is going to be sent.
    pub intent: Intent,
    /// With REQUIRETLS.
    pub require_tls: bool,
}

/// What the connection will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Who sees to it that the other end is proven; none if nobody does.
    pub voucher: Option<Voucher>,
    /// Whence that is known.
    pub basis: Basis,
    /// How the last message to the domain went: when, with which version of TLS if any, whether the other end was proven.
    pub last: Option<(Timestamp, Option<String>, bool)>,
}

/// What will protect a message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// The strongest that protects it.
    pub protection: Protection,
    /// This server signs it.
    pub is_signed: bool,
    /// What the connection will have; none if there is none, or it would not go.
    pub connection: Option<Connection>,
    /// Why it would not go, and whether it would wait for what is missing.
    pub hindrance: Option<(Hindrance, bool)>,
    /// What rules demand: of each list, one.
    pub demands: Vec<Vec<Means>>,
    /// Other forms in which it would go, and be protected by more.
    pub offers: Vec<Intent>,
}

/// Knows what will protect a message.
pub trait Foresight: Send + Sync {
    /// What will protect a message, from rules, keys and what is known of the other side. Nobody is asked.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    fn foresee(&self, tx: &mut Tx<'_>, asked: Asked<'_>) -> Result<Foreseen, StoreError>;
}
