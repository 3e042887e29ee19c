//! SMTP: the servers that take mail in and the process that delivers it. Thin drivers over [`wire::smtp`].
//!
//! `docs/flow/receive.md` and `docs/flow/deliver.md` tell the ways of a message; this crate keeps to them.

pub mod deliver;
mod figures;
mod filed;
mod group;
mod protection;
pub mod receive;
mod rewriting;
mod settings;
pub mod transport;

pub use deliver::route::RouteError;
pub use figures::Figures;
pub use protection::ContentRules;
pub use receive::Reporting;
pub use settings::{ContentDemand, DeliverySettings, Route, SmtpSettings, TlsDemand, TlsFloor};
