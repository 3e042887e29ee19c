//! Who may do what: actions, scopes, roles, the typed table of rights, and the one function that decides.
//!
//! Whatever the protocol, a request becomes an [`Actor`] who wants an [`Action`] on an [`Object`], and [`decide`] answers from a
//! [`Table`]: nothing is allowed that no row allows, and a row that refuses wins over all that allow. Pure: knows neither storage nor
//! protocols, and is handed the time.

mod action;
mod actor;
mod custom;
mod decide;
mod duty;
mod explain;
mod role;
mod shipped;
mod step_up;
mod table;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use actor::{Actor, Basis, Loan, Object, Via};
pub use custom::{CustomRole, NAME_BYTES_MAX, ROWS_MAX, RoleFault, check_custom};
pub use decide::{Decision, Reason, decide};
pub use duty::{Duty, duties_of, separated};
pub use explain::{Considered, Explanation, explain};
pub use role::{Effect, Holder, Level, Role, Scope};
pub use step_up::{Approval, SENSITIVE, Sensitive, StepUp, StepUpPolicy, Strength};
pub use table::{Row, Table};
