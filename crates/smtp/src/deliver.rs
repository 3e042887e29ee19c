//! Mail going out.

pub(crate) mod exchangers;
pub(crate) mod route;
