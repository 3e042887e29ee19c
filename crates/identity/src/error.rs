use env::Outlook;
use mail::address::AddressError;
use mail::domain::DomainError;
use store::StoreError;

use crate::UnknownWord;
use crate::password::PasswordError;

/// What the directory refuses: each names the input and what to do.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was to be done cannot be recorded, so it is not done.
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// The text is no address.
    #[error("{given:?} is no mail address: {cause}")]
    Address {
        /// What was given.
        given: String,
        /// What is wrong with it.
        cause: AddressError,
    },
    /// The text is no domain.
    #[error("{given:?} is no domain: {cause}")]
    Domain {
        /// What was given.
        given: String,
        /// What is wrong with it.
        cause: DomainError,
    },
    /// A column holds an unknown word.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// The password cannot be used.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The account is frozen.
    #[error(
        "account {0} is frozen, as somebody else seems to know its password; thaw it first: tradewind user unfreeze"
    )]
    Frozen(i64),
    /// The sign-in watch failed.
    #[error(transparent)]
    Watch(#[from] watch::WatchError),
    /// A name is empty or too long.
    #[error("{what} must have 1 to {bytes_max} bytes")]
    Name {
        /// Of what.
        what: &'static str,
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// No such organisation.
    #[error("organisation {0} does not exist; see tradewind domain list")]
    NoOrganisation(i64),
    /// The domain is not hosted here.
    #[error("domain {0} is not hosted here; add it first: tradewind domain add {0}")]
    NoDomain(String),
    /// The domain belongs to another organisation.
    #[error("domain {0} belongs to another organisation; use an address at one of your own domains")]
    ForeignDomain(String),
    /// The domain is hosted already.
    #[error("domain {0} is hosted here already")]
    DomainTaken(String),
    /// The domain has addresses.
    #[error("domain {domain} is in use by {address} and perhaps others; delete or move its accounts and aliases first")]
    DomainInUse {
        /// The domain.
        domain: String,
        /// One of its addresses.
        address: String,
    },
    /// No such account.
    #[error("account {0} does not exist; see tradewind user list")]
    NoAccount(String),
    /// The address belongs to an account already.
    #[error("address {0} is taken; choose another or remove it from its account first")]
    AddressTaken(String),
    /// The value of a list entry cannot be used.
    #[error("{given:?} cannot be listed as {kind}: {cause}")]
    Entry {
        /// What was given.
        given: String,
        /// As what.
        kind: crate::EntryKind,
        /// What is wrong with it.
        cause: String,
    },
    /// The value is on that list.
    #[error("{0} is on this list already; remove it first to change it")]
    Listed(String),
    /// The value is not on that list.
    #[error("{0} is not on this list; see tradewind list show")]
    NotListed(String),
    /// The lists are full.
    #[error("the lists have {0} entries, which is the limit; remove some first")]
    ListsFull(i64),
    /// A condition that this kind of entry cannot have.
    #[error("{0}")]
    Condition(&'static str),
    /// The address is not an alias of the account.
    #[error("{0} is not an alias of this account; its main address goes only with the account")]
    NotAnAlias(String),
    /// The account has as many addresses as it may.
    #[error("the account has {0} addresses, which is the limit; remove an alias first")]
    TooManyAddresses(usize),
    /// A column holds an unknown kind of factor.
    #[error(transparent)]
    Kind(#[from] factors::UnknownKind),
    /// The account has no such factor.
    #[error("factor {0} is not one of this account; see tradewind user factor list")]
    NoFactor(i64),
    /// The only factor of an account that must have one.
    #[error("factor {0} is the last one that counts, and one is required; add another before you take it away")]
    LastFactor(i64),
    /// Recovery codes without a factor.
    #[error("the account has no second factor that recovery codes could stand in for; enrol one first")]
    NoFactorToRecover,
    /// An authority of client certificates, or its revocation list.
    #[error("{0}")]
    Authority(String),
    /// No such group.
    #[error("group {0} does not exist; see tradewind group list")]
    NoGroup(String),
    /// A group would contain itself.
    #[error("group {member} contains {group} already, directly or through others: a group cannot be its own member")]
    GroupCycle {
        /// The group that was to get a member.
        group: String,
        /// The member.
        member: String,
    },
    /// Groups within groups within groups.
    #[error("groups may contain one another {0} deep; take a group in between away")]
    GroupTooDeep(usize),
    /// A message to the group would go to too many.
    #[error("a message to group {group} would go to more than {limit} members; divide it")]
    GroupTooLarge {
        /// The group.
        group: String,
        /// Members that a message may go to.
        limit: usize,
    },
    /// An account forwarded to itself.
    #[error("{0} is the account itself; forward to another address")]
    ForwardToSelf(String),
    /// There is no such mailbox at a hosted domain.
    #[error("there is no mailbox {0} here; see tradewind user list")]
    NoMailbox(String),
    /// The account has as many targets as it may.
    #[error("mail of the account goes to {0} addresses, which is the limit; remove one first")]
    TooManyForwards(usize),
    /// The target is set.
    #[error("mail of the account goes to {0} already; remove it first to change it")]
    ForwardedAlready(String),
    /// The target is not set.
    #[error("mail of the account is not forwarded to {0}; see tradewind user forward list")]
    NotForwarded(String),
    /// The account has as many app passwords as it may.
    #[error("the account has {0} app passwords, which is the limit; revoke one first")]
    TooManyAppPasswords(usize),
    /// No such app password.
    #[error("app password {0} does not exist; see tradewind user app-password list")]
    NoAppPassword(i64),
    /// No such web session.
    #[error("session {0} does not exist or has ended; see tradewind user session list")]
    NoSession(i64),
    /// What an OAuth client asks for or is registered with cannot be.
    #[error(transparent)]
    OAuth(#[from] crate::oauth::OAuthError),
    /// The last administrator of an organisation.
    #[error(
        "this is the last active administrator of the organisation; appoint another first, who also gets mail to postmaster"
    )]
    LastAdministrator,
    /// A legal hold keeps the account's mail.
    #[error(
        "a legal hold covers this account, so its mail must stay; put the account out of use instead, or end the hold first \
         (tradewind hold list)"
    )]
    Held,
    /// Not a right.
    #[error(
        "{0:?} is no right; write it as `allow account.read organisation`, with the words of tradewind access table"
    )]
    Right(String),
    /// A custom role may not be so.
    #[error(transparent)]
    Role(#[from] access::RoleFault),
    /// No role of that name.
    #[error("there is no role {0}; see tradewind role list")]
    NoRole(String),
    /// Somebody has the role.
    #[error("somebody has the role {0}; take it away first")]
    RoleInUse(String),
    /// The person has the role already.
    #[error("this person has the role {0} already")]
    HasRole(String),
    /// The person was not given the role.
    #[error("this person was not given the role {0}; the job itself is changed with tradewind user role")]
    NotGiven(String),
    /// Duties that are kept apart would lie in one hand.
    #[error(
        "this would put duties into one hand that are kept apart: {0}; give the role to another, or say with --exception why the organisation accepts it"
    )]
    Duties(String),
    /// Too many of something.
    #[error("there are {max} {what} already, which is the limit")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        max: usize,
    },
    /// The time of a grant.
    #[error("a grant lasts from one minute to {hours_max} hours (access.grant_hours_max)")]
    GrantTime {
        /// Hours allowed.
        hours_max: u32,
    },
    /// No such grant, or it can no longer be changed so.
    #[error("grant {0} is not there, or is decided or over already; see tradewind grant list")]
    NoGrant(i64),
    /// No such request, or it waits no longer.
    #[error("request {0} is not there, or is decided or lapsed already; see tradewind approval list")]
    NoApproval(i64),
}

impl IdentityError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Audit(error) => error.outlook(),
            Self::Password(error) => error.outlook(),
            Self::Watch(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
