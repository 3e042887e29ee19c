//! JMAP (RFC 8620): requests and responses, references between calls, errors, identifiers, dates, patches, names of properties.
//!
//! No transport and no data: a driver reads a [`Request`], carries out its calls in order, gives the answers to a
//! [`Response`] and sends that.

mod date;
mod error;
mod header_property;
mod json;
mod patch;
mod pointer;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use date::{format_utc_date, parse_date};
pub use error::{MethodError, MethodErrorKind, RequestError, SetError, SetErrorKind};
pub use header_property::{HeaderForm, HeaderProperty};
pub use json::parse_ijson;
pub use patch::{PatchError, apply_patch, split_pointer};
pub use pointer::evaluate;
pub use request::{Call, Limits, Request, is_id};
pub use response::Response;

/// A JSON object.
pub type Object = serde_json::Map<String, serde_json::Value>;
