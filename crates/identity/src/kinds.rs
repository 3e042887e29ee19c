//! The words that the directory's columns hold, as types.

use std::fmt;
use std::str::FromStr;

/// A word that is none of those allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no {what}; use one of: {allowed}")]
pub struct UnknownWord {
    /// What was expected.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The words allowed, divided by commas.
    pub allowed: &'static str,
}

macro_rules! words {
    ($($(#[$doc:meta])+ $kind:ident $what:literal allowed $allowed:literal {
        $($(#[$word_doc:meta])+ $name:ident = $word:literal,)+
    })+) => {$(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $kind {
            $($(#[$word_doc])+ $name,)+
        }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in the database, in settings and on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }

        impl FromStr for $kind {
            type Err = UnknownWord;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|it| it.as_str() == given).copied();
                found.ok_or_else(|| UnknownWord { what: $what, given: given.to_owned(), allowed: $allowed })
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

words! {
    /// What a client speaks to us.
    Protocol "protocol" allowed "imap, smtp, web" {
        /// Reads mail.
        Imap = "imap",
        /// Submits mail.
        Smtp = "smtp",
        /// The web pages and the API.
        Web = "web",
    }

    /// Protection level of an organisation.
    Level "protection level" allowed "basic, enhanced, trade" {
        /// Transport encryption and rules.
        Basic = "basic",
        /// And end-to-end encryption, learned model, stronger second factors.
        Enhanced = "enhanced",
        /// And what trading across borders needs.
        Trade = "trade",
    }

    /// What a person does in the organisation; access follows from it.
    Role "role" allowed "sales, finance, management, it, auditor, admin" {
        /// Buys and sells.
        Sales = "sales",
        /// Pays and books.
        Finance = "finance",
        /// Leads.
        Management = "management",
        /// Keeps the machines.
        It = "it",
        /// Reads what others did.
        Auditor = "auditor",
        /// Administers accounts and settings.
        Admin = "admin",
    }

    /// What an account stands for.
    AccountKind "kind of account" allowed "person, shared, service" {
        /// One person.
        Person = "person",
        /// A mailbox that several people use.
        Shared = "shared",
        /// A program.
        Service = "service",
    }

    /// Whether an account is in use.
    AccountState "state of an account" allowed "active, disabled" {
        /// Signs in and gets mail.
        Active = "active",
        /// Neither signs in nor gets mail; its mail is kept.
        Disabled = "disabled",
    }

    /// Language of notices to a person.
    Language "language" allowed "zh, en" {
        /// Chinese.
        Chinese = "zh",
        /// English.
        English = "en",
    }

    /// Who may write to a group.
    Senders "choice of senders" allowed "anyone, organisation, members, owners" {
        /// The whole world.
        Anyone = "anyone",
        /// People of the organisation who have signed in.
        Organisation = "organisation",
        /// Its members and owners who have signed in.
        Members = "members",
        /// Its owners who have signed in.
        Owners = "owners",
    }

    /// What somebody may do with another's mailbox.
    Permission "permission" allowed "read, write, send-as, send-on-behalf" {
        /// Look at mailboxes and messages.
        Read = "read",
        /// And change them.
        Write = "write",
        /// Send in the owner's name as if one were the owner.
        SendAs = "send-as",
        /// Send in the owner's name, with one's own in the Sender field.
        SendOnBehalf = "send-on-behalf",
    }

    /// What a list entry does.
    Effect "list" allowed "allow, deny" {
        /// Spares mail what only suspicion asks for.
        Allow = "allow",
        /// Refuses mail.
        Deny = "deny",
    }

    /// What a list entry names.
    EntryKind "kind of list entry" allowed "address, domain, network, key" {
        /// One mail address.
        Address = "address",
        /// A domain with all below it.
        Domain = "domain",
        /// Addresses of clients.
        Network = "network",
        /// A DKIM key, or all keys of a signing domain.
        Key = "key",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_others_name_the_choice() {
        assert!(Role::ALL.iter().all(|role| role.as_str().parse() == Ok(*role)));
        assert!(Level::ALL.iter().all(|level| level.as_str().parse() == Ok(*level)));
        let unknown = "boss".parse::<Role>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "\"boss\" is no role; use one of: sales, finance, management, it, auditor, admin"
        );
        let listed: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        assert_eq!(listed.join(", "), unknown.allowed);
    }
}
