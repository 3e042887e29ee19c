//! What is in attached files: parsers of risky forms in confined processes, and the pool of such processes.
//!
//! A [`Pool`] starts workers, gives each one part at a time, and takes a [`Report`] back. A worker is a process of the same
//! program that gives everything up (see [`confine`](confine::confine)) before it sees the first octet. What crashes it, hangs it or blows
//! up in it costs one part its report, which then says so.
//!
//! Knows neither storage nor what a finding is: it says what is there, others say what that means.

pub mod confine;
mod formats;
mod kind;
mod look;
mod names;
mod pool;
mod protocol;
pub mod recognise;
mod report;
mod settings;
pub mod worker;
pub mod yara;

pub use confine::Confinement;

pub use names::is_deceptive;
pub use pool::{Part, Pool, Program, Tried};
pub use protocol::{PART_OCTETS_MAX, Trial, WORDS_MAX};
pub use report::{
    EVIDENCE_CHARS_MAX, FILES_MAX, File, Kind, LABEL_CHARS_MAX, LIKE_BITS_MAX, LINKS_MAX, Likeness, Link,
    NAME_CHARS_MAX, Place, Reason, Report, SIGNS_MAX, Sign, TEXT_OCTETS_MAX, Text, Trait, URL_CHARS_MAX, Unlooked,
};
pub use settings::InspectSettings;
