//! The overview as a report for management: who gets it, how often, which time each one is of, and that each is sent once.
//!
//! What it says is made elsewhere: this crate does not know what an overview is.

mod period;
mod subscription;

pub use period::{Period, Plan, PlanError, Rhythm};
pub use subscription::{
    Claim, NewSubscription, RECIPIENTS_MAX, Recipient, SUBSCRIPTIONS_MAX, Sent, Subscription, SubscriptionError, claim,
    due, list, load, remove, set,
};
