//! What [`access::decide`] decides from: who holds which roles, which table an organisation has, what was lent to whom; and what is
//! recorded of its decisions.

mod actor;
mod approvals;
mod custom;
mod events;
mod grants;
mod key_use;
mod roles;
mod sealed;

use std::time::Duration;

use crate::Level;

pub use actor::{
    approval_rules, clear_approval_rule, load_actor, object_of_account, organisation_table, people_who_may,
    set_approval_rule,
};
pub use actor::{decide_for, is_denied};
pub use approvals::{
    Approval, ApprovalState, NewApproval, approve, finish_approval, list_approvals, load_approval, refuse_approval,
    request_approval,
};
pub use custom::{define_role, list_roles, parse_right, remove_role};
pub use events::{
    Event, Outcome, REFUSALS_PER_MINUTE_MAX, RecordedEvent, WantedEvents, disclose, forget_refusals, list_events,
    list_events_of, note_reading, page_events, record,
};
pub use grants::{
    Grant, GrantState, GrantWindow, NewGrant, approve_grant, ask_grant, due_to_be_told, grants_between, lift_hold,
    list_grants, load_grant, mark_told, refuse_grant, revoke_grant,
};
pub use key_use::{
    CountedKey, HOUR_MILLIS, HeldKey, KeyPurpose, KeyUse, Occasion, add_key_uses, begin_key_hour, close_key_hours,
    record_key_use, sign_paper,
};
pub use roles::{Exception, Giving, exceptions, give_role, holders_of, set_job, take_role};

env::settings! {
    /// Access: how long a strong factor counts, and how long things wait for a second person.
    pub struct AccessSettings in "access" {
        /// Minutes that a strong factor counts for sensitive actions at the level `basic`.
        step_up_minutes_basic: u32 = 60,
        /// Minutes at the level `enhanced`.
        step_up_minutes_enhanced: u32 = 15,
        /// Minutes at the level `trade`.
        step_up_minutes_trade: u32 = 5,
        /// Hours that a request waits for a second person before it lapses.
        approval_hours: u32 = 72,
        /// Longest time in hours that a break-glass grant may be asked for.
        grant_hours_max: u32 = 168,
        /// Days after which requests that were refused are taken out of the record; what was allowed stays. Some laws ask for at least 180.
        refusal_days: u32 = 400,
    }
}

impl AccessSettings {
    /// How long a strong factor counts at `level`.
    #[must_use]
    pub fn step_up_age(&self, level: Level) -> Duration {
        let minutes = match level {
            Level::Basic => self.step_up_minutes_basic,
            Level::Enhanced => self.step_up_minutes_enhanced,
            Level::Trade => self.step_up_minutes_trade,
        };
        Duration::from_secs(u64::from(minutes) * 60)
    }

    /// How long a request waits for a second person.
    #[must_use]
    pub fn approval_wait(&self) -> Duration {
        Duration::from_secs(u64::from(self.approval_hours) * 3_600)
    }

    /// How long refusals stay in the record.
    #[must_use]
    pub fn refusals_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.refusal_days) * 86_400)
    }

    /// Longest time of a grant.
    #[must_use]
    pub fn grant_max(&self) -> Duration {
        Duration::from_secs(u64::from(self.grant_hours_max) * 3_600)
    }
}
