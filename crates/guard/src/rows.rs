//! Where the graph and the ledger rest: rows of a few kinds, each found by its name. In memory while history is read or replayed, in
//! the store of a server ([`crate::shelf`]).

use std::collections::HashMap;
use std::convert::Infallible;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::knowledge::{Address, Contact, Namesake, OnFile, Partner, State, Tally};
use crate::lines::Line;

/// Partners that one account is remembered at.
pub(crate) const HOLDERS_MAX: usize = 16;

/// Partners that are remembered to have named a domain.
pub(crate) const NAMED_BY_MAX: usize = 4;

/// People that one name is remembered for.
pub(crate) const NAMESAKES_MAX: usize = 8;

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An address, by itself in lowercase.
    Address,
    /// A partner, by its name.
    Partner,
    /// A thread, by the identifier of its first message.
    Thread,
    /// A message, by its identifier.
    Message,
    /// An account or the like, by `payment::Detail::key`.
    Account,
    /// A person's name, by [`crate::names::name_key`].
    Name,
    /// A domain of a partner, by itself.
    Domain,
    /// What is known of the whole, by the empty name.
    Summary,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Address,
        Self::Partner,
        Self::Thread,
        Self::Message,
        Self::Account,
        Self::Name,
        Self::Domain,
        Self::Summary,
    ];

    /// Its number in the database.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Address => 1,
            Self::Partner => 2,
            Self::Thread => 3,
            Self::Message => 4,
            Self::Account => 5,
            Self::Name => 6,
            Self::Domain => 7,
            Self::Summary => 8,
        }
    }
}

/// A row of one kind.
pub trait Row: Clone + Default + Serialize + DeserializeOwned + Send + 'static {
    /// Its kind.
    const KIND: Kind;

    #[doc(hidden)]
    fn map(memory: &mut Memory) -> &mut HashMap<u64, Self>;
}

/// Rows, wherever they rest.
pub trait Rows {
    /// What goes wrong there.
    type Error;

    /// The row of a name.
    ///
    /// # Errors
    /// When the rows cannot be read.
    fn get<T: Row>(&mut self, name: &str) -> Result<Option<T>, Self::Error>;

    /// Changes the row of a name; one that is not there yet begins empty.
    ///
    /// # Errors
    /// When the rows cannot be read or written.
    fn update<T: Row, A>(&mut self, name: &str, change: impl FnOnce(&mut T) -> A) -> Result<A, Self::Error>;

    /// Removes the row of a name.
    ///
    /// # Errors
    /// When the rows cannot be written.
    fn remove<T: Row>(&mut self, name: &str) -> Result<(), Self::Error>;

    /// What marks of lines begin with, so that nobody can try out texts without it.
    fn salt(&self) -> u64;
}

/// A change that somebody made to payment details on file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerChange {
    /// When; milliseconds since 1970.
    pub at: i64,
    /// Account of who did it.
    pub by: i64,
    /// The details in their one form.
    pub value: String,
    /// What is thought of them from then on.
    pub state: State,
    /// Why, or the case that it followed from.
    pub note: String,
}

/// A partner's row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerRow {
    /// What is known of it.
    pub partner: Partner,
    /// What people did to its payment details, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LedgerChange>,
    /// It is another's by hand: that one's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

/// A thread's row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadRow {
    /// Addresses outside, with how many messages each has written.
    pub participants: Tally,
    /// Registered domains of them.
    pub domains: Tally,
    /// Registered domain of the first mail's author.
    pub first_domain: String,
    /// When and how often.
    pub contact: Contact,
    /// Payment details that stood in it.
    pub details: Vec<OnFile>,
}

/// A message's row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// Identifier of the thread's first message.
    pub thread: String,
    /// Its author.
    pub author: String,
    /// Lines with numbers that the author wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

/// An account's row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    /// Partners that have it on file, by name.
    pub holders: Vec<String>,
    /// Somewhere it is disputed.
    pub is_disputed: bool,
}

/// A name's row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRow {
    /// Who bears it.
    pub people: Vec<Namesake>,
}

/// A domain's row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRow {
    /// The domain; empty for one that was only named.
    pub domain: String,
    /// Partners that named it in what they wrote, with the word of their own domain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_by: Vec<String>,
}

/// What is known of the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Messages learned from.
    pub messages: u64,
}

macro_rules! rows {
    ($($row:ty, $kind:ident, $field:ident;)*) => {
        /// Rows in memory.
        #[derive(Debug, Clone, Default)]
        pub struct Memory {
            $(pub(crate) $field: HashMap<u64, $row>,)*
        }
        $(impl Row for $row {
            const KIND: Kind = Kind::$kind;
            fn map(memory: &mut Memory) -> &mut HashMap<u64, Self> { &mut memory.$field }
        })*
    };
}

rows! {
    Address, Address, addresses;
    PartnerRow, Partner, partners;
    ThreadRow, Thread, threads;
    MessageRow, Message, messages;
    AccountRow, Account, accounts;
    NameRow, Name, names;
    DomainRow, Domain, domains;
    Summary, Summary, summary;
}

impl Rows for Memory {
    type Error = Infallible;

    fn get<T: Row>(&mut self, name: &str) -> Result<Option<T>, Infallible> {
        Ok(T::map(self).get(&xxh3_64(name.as_bytes())).cloned())
    }

    fn update<T: Row, A>(&mut self, name: &str, change: impl FnOnce(&mut T) -> A) -> Result<A, Infallible> {
        Ok(change(T::map(self).entry(xxh3_64(name.as_bytes())).or_default()))
    }

    fn remove<T: Row>(&mut self, name: &str) -> Result<(), Infallible> {
        T::map(self).remove(&xxh3_64(name.as_bytes()));
        Ok(())
    }

    fn salt(&self) -> u64 {
        0
    }
}

impl Memory {
    /// All domains of partners.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        self.domains.values().map(|row| row.domain.as_str()).filter(|domain| !domain.is_empty())
    }

    /// All partners that are not another's.
    pub fn partners(&self) -> impl Iterator<Item = &Partner> {
        self.partners.values().filter(|row| row.merged_into.is_none()).map(|row| &row.partner)
    }
}
