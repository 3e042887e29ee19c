//! Judging mail: what a message is made of, what speaks against it, and what follows from that.
//!
//! [`Facts`] are taken out of a message once, within limits. [`Judge`] looks at them and gives a [`Verdict`]: findings, each
//! with its weight, its evidence and the key of its text, two probabilities, and an action. The learned part is a linear
//! model ([`Model`]); [`train`] makes one and [`evaluate`] measures it.
//!
//! Knows neither storage nor delivery, and reads no files: messages and models come in as octets.

pub mod corpus;
pub mod evaluate;
pub mod facts;
mod features;
mod findings;
mod judge;
mod layer;
mod lexicon;
mod likeness;
pub mod made;
mod model;
mod normal;
pub mod online;
pub mod phrases;
mod rules;
pub mod templates;
pub mod train;
mod verdict;

pub use facts::inside::{inspect as inspect_files, inspected_parts};
pub use facts::{Facts, Received};
pub use findings::{Finding, Signal, said_key};
pub use judge::{Judge, Scores};
pub use layer::{Asked, Layer};
pub use model::{Card, Model, ModelError, Term};
pub use rules::is_free_mail;
pub use rules::{Broken, Rule, RuleError, Rules, RulesFollower, Source};
pub use verdict::{Action, FRAUD_EVEN, Thresholds, Verdict};
