use std::net::IpAddr;
use std::time::Duration;

use access::Via;
use env::Timestamp;
use serde_json::Value;

use super::Refused;

/// Who asks for an action: a person or program that has signed in, or the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The account; none for the operator, who has the machine.
    pub account: Option<i64>,
    /// When a strong factor was last shown.
    pub strong_at: Option<Timestamp>,
    /// The way by which the request came.
    pub via: Via,
    /// From where.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Whoever has the machine: the command line, by the local socket that only the server's owner can open.
    #[must_use]
    pub const fn operator() -> Self {
        Self { account: None, strong_at: None, via: Via::Local, address: None }
    }
}

/// Whose things an action that was allowed may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The account that asks; none for the operator.
    pub account: Option<i64>,
    /// The one organisation whose things may be touched; none for all.
    pub organisation: Option<i64>,
}

impl Bounds {
    /// Whether something of `organisation` may be touched.
    #[must_use]
    pub fn hold(&self, organisation: i64) -> bool {
        self.organisation.is_none_or(|own| own == organisation)
    }

    /// The account that asks.
    ///
    /// # Errors
    /// [`Refused`] for the operator: what he does is done in nobody's name.
    pub fn person(&self) -> Result<(i64, i64), Refused> {
        match (self.account, self.organisation) {
            (Some(account), Some(organisation)) => Ok((account, organisation)),
            _ => Err(Refused(
                "this is for a person who has signed in, not for the command line of the machine".to_owned(),
            )),
        }
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Answer {
    /// It was carried out.
    Done(Value),
    /// It waits for a second person, as the request of this number.
    Waiting(i64),
    /// It is not allowed, or what it names is not there: which of the two is not told.
    NotAllowed,
    /// A strong factor has to be shown first, within this time before.
    StepUp(Duration),
    /// It was allowed and could not be carried out.
    Failed(Refused),
    /// It cannot be decided now; nothing was done.
    Temporary(String),
}

impl Answer {
    /// As the command line tells it.
    ///
    /// # Errors
    /// [`Refused`] unless it was carried out or waits.
    pub fn into_result(self) -> Result<Value, Refused> {
        match self {
            Self::Done(value) => Ok(value),
            Self::Waiting(id) => Ok(serde_json::json!({ "waits_for_second_person": id })),
            Self::NotAllowed => {
                Err(Refused("this is not there, or not allowed; see tradewind access explain".to_owned()))
            }
            Self::StepUp(age) => {
                Err(Refused(format!("show a strong factor first, not longer than {} s before", age.as_secs())))
            }
            Self::Failed(refused) => Err(refused),
            Self::Temporary(cause) => Err(Refused(cause)),
        }
    }
}
