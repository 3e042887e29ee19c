//! What an action concerns.

/// What an action concerns, as the request names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On<'a> {
    /// The account with this address.
    Account(&'a str),
    /// The organisation of this name; that of the asker, or the only one, if none is named.
    Organisation(Option<&'a str>),
    /// The domain; of what is at no domain of ours, nobody's.
    Domain(&'a str),
    /// The domain of this address.
    DomainOf(&'a str),
    /// The queued message of this number.
    Queued(i64),
    /// The message whose trace has this number.
    Traced(&'a str),
    /// The judged message of this number.
    Judged(&'a str),
    /// The case of this number.
    Case(&'a str),
    /// Whatever of it the asker may see.
    Within,
    /// What is the asker's own.
    Own,
    /// The grant of this number, which is the asker's.
    Grant(i64),
    /// The mail that the grant of this number opens.
    MailOfGrant(i64),
    /// The request of this number, which is the asker's.
    Request(i64),
    /// The installation as a whole, which is the organisation's if there is only one.
    Installation,
    /// Files of the machine: nobody's but the operator's.
    Machine,
}
