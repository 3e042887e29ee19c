//! Where data is at home.
//!
//! An installation is one region: its store, keys, search and backups are there. Other regions are known by name, country and server; addresses
//! whose home is in one of them by the address alone. Whatever leaves is a [`Crossing`], which [`cross`] decides by the rules of the organisation
//! whose data it is, and enters in the audit log and the register of transfers. What no rule lets cross does not cross, and whoever wanted it is
//! told which rule is missing or does not suffice.
//!
//! Knows nothing of how things travel: mail, backups and looks of administrators are asked about by those who know.

mod decide;
mod error;
mod label;
mod place;
mod regions;
mod register;
mod rules;
mod settings;
mod words;

pub use decide::{Crossing, Decision, Denial, Passage, cross, decide};
pub use error::ResidenceError;
pub use label::class_of;
pub use place::{Place, country_of_account, list_places, set_country_of_account};
pub use regions::{
    HomeAway, REGIONS_MAX, Region, list_homes, list_regions, load_region, remove_home, remove_region, set_home,
    set_region,
};
pub use register::{TRANSFERS_PAGE, Transfer, latest_transfers, transfers};
pub use rules::{Kept, NewRule, RULES_MAX, Rule, list_rules, remove_rule, set_rule};
pub use settings::RegionSettings;
pub use words::{Basis, Class, Kind, Shield, Towards};
