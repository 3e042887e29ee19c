//! Layers that ask others than the message: reputation, feeds, scanners. They run beside one another, each within its own time.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;

use crate::facts::Facts;
use crate::findings::Finding;

/// A message as it is put to a layer.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What it is made of.
    pub facts: &'a Facts,
    /// The message itself.
    pub raw: &'a [u8],
    /// The organisation that it is for.
    pub organisation: i64,
    /// Address in MAIL FROM; empty for the null sender.
    pub envelope_from: &'a str,
    /// Address of the client that brought it.
    pub client: Option<IpAddr>,
}

/// A layer. It only adds findings; what follows from them is decided in one other place.
#[async_trait]
pub trait Layer: Send + Sync {
    /// Its name, for the log and for the finding that says that it did not answer.
    fn name(&self) -> &'static str;

    /// How long it may take.
    fn time_max(&self) -> Duration;

    /// What it finds. What it cannot find out is a finding of weight 0 or none, never an error.
    async fn look(&self, asked: Asked<'_>) -> Vec<Finding>;
}
