//! DMARC: facts, their counts, the report of a day, and reports that come in.

pub(crate) mod fact;
pub(crate) mod received;
pub(crate) mod rows;
pub(crate) mod send;
pub(crate) mod tally;
mod xml;
