//! Sign-in watch: every attempt to sign in is an event, compared with the account's history and with everybody's, explained, and
//! answered as the protection level says.
//!
//! The core is pure: [`features()`] of an [`Attempt`], a [`model::score`], [`rules`], and [`assess()`], which says what to do.
//! [`Watch`] stands in front of it with the store, the databases of places and the clock. Knows nothing of passwords and protocols.

mod agent;
mod assess;
mod attempt;
pub mod country;
mod error;
mod event;
mod features;
pub mod geo;
mod keys;
mod levels;
pub mod model;
mod page;
mod place;
mod profile;
pub mod rules;
mod settings;
mod watch;

pub use agent::Agent;
pub use assess::{Answer, Assessment, History, assess};
pub use attempt::{Attempt, Device, Outcome};
pub use error::WatchError;
pub use event::{
    AUDITED_AS, Detail, EVENTS_MAX, Event, Said, ScoreKept, Subject, Whose, claim_untold, disclose, list_events,
    list_untold, load_event,
};
pub use features::{Dimension, Feature, Kind, NO_DEVICE, features, hour_there, network};
pub use geo::Places;
pub use levels::{Levels, LevelsError, Policy};
pub use page::{WantedEvents, page_events};
pub use place::Place;
pub use settings::WatchSettings;
pub use watch::{Judged, Watch, say};
