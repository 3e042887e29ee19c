//! The words that the directory's columns hold, as types.

pub use access::{Level, Role};
pub use env::UnknownWord;

env::words! {
    /// What a client speaks to us.
    Protocol "protocol" allowed "imap, smtp, web" {
        /// Reads mail.
        Imap = "imap",
        /// Submits mail.
        Smtp = "smtp",
        /// The web pages and the API.
        Web = "web",
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
    AccountState "state of an account" allowed "active, disabled, frozen" {
        /// Signs in and gets mail.
        Active = "active",
        /// Neither signs in nor gets mail; its mail is kept.
        Disabled = "disabled",
        /// Somebody else seems to know its password: nobody signs in until it is thawed; mail is still received.
        Frozen = "frozen",
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
