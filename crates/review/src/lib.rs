//! What people are told of sign-ins: letters about odd ones, links to say whose they were, and the reviews of each month and
//! quarter as page, PDF and CSV.
//!
//! Knows nothing of protocols; who serves the links and starts the rounds is told to it.

mod access;
mod alert;
mod error;
mod links;
mod pdf;
mod period;
mod report;
mod schedule;
mod sign_ins;
mod words;

pub use access::review_access;
pub use alert::{Alerts, Contacts};
pub use error::ReviewError;
pub use links::{LINK_LIFE, Link, answer, make as make_link, read as read_link};
pub use pdf::write as write_pdf;
pub use period::{Kind, Period};
pub use report::{Chart, Report, Table};
pub use schedule::{Reviewer, make};
pub use sign_ins::review_sign_ins;
pub use words::{describe, explain};
