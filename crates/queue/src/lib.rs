//! The queue: messages on their way out, what became of each recipient, and who works on them now.
//!
//! Plain functions over a store transaction. A message is [`enqueue`]d in the transaction that accepts it; a delivery
//! process [`lease`]s recipients of one message and one destination, tries them, and [`settle`]s each. A lease that is not
//! settled runs out and another process takes the recipients; what the first then reports is refused by its fence. So a
//! crash can repeat a delivery that was never reported, and can never lose one.
//!
//! Addresses, replies and trace fields rest sealed under the organisation's key; the database shows sizes, times and keyed
//! hashes of domains.
//!
//! Knows nothing of protocols: neither how a message is delivered nor how a notification reads.

pub mod connectors;
mod content;
mod control;
pub mod demands;
mod entry;
mod error;
mod lease;
mod list;
mod page;
mod schedule;
mod settle;

pub use content::{Content, content};
pub use control::{cancel, expire_now, hold, release, retry_now};
pub use entry::{
    ATTEMPT_TEXT_BYTES_MAX, Attempt, Envelope, NewMessage, NewRecipient, Notify, Origin, RECIPIENTS_MAX, Return,
    destination_of, enqueue,
};
pub use error::QueueError;
pub use lease::{Lease, LeaseRequest, LeasedRecipient, lease, next_due, renew};
pub use list::{Counts, Filter, PAGE_MAX, QueuedMessage, QueuedRecipient, RecipientState, counts, list, show};
pub use page::{Wanted, page};
pub use schedule::{Schedule, next_attempt};
pub use settle::{Outcome, Settled, Settlement, settle};
