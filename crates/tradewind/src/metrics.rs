//! Running figures in the form that is scraped.

use std::fmt;
use std::sync::Arc;

use net::Counters;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// Name, meaning and value of figures that only rise.
type Figures = Box<dyn Fn() -> Vec<(&'static str, &'static str, u64)> + Send + Sync>;

/// Reads everything that is counted when it is asked for.
#[derive(Default)]
pub(crate) struct Measured {
    services: Vec<(&'static str, Arc<Counters>)>,
    figures: Vec<(&'static str, Figures)>,
}

impl Measured {
    /// Adds a service's connections.
    pub(crate) fn service(&mut self, name: &'static str, counters: Arc<Counters>) {
        self.services.push((name, counters));
    }

    /// Adds figures whose names get `prefix`.
    pub(crate) fn figures(
        &mut self,
        prefix: &'static str,
        read: impl Fn() -> Vec<(&'static str, &'static str, u64)> + Send + Sync + 'static,
    ) {
        self.figures.push((prefix, Box::new(read)));
    }

    /// A registry that reads all this.
    pub(crate) fn into_registry(self) -> Arc<Registry> {
        let mut registry = Registry::with_prefix("tradewind");
        registry.register_collector(Box::new(self));
        Arc::new(registry)
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measured").finish_non_exhaustive()
    }
}

impl Collector for Measured {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        for (prefix, read) in &self.figures {
            for (name, meaning, value) in read() {
                tell_counter(&mut encoder, &format!("{prefix}_{name}"), meaning.trim(), value)?;
            }
        }
        for (service, counters) in &self.services {
            tell_open(&mut encoder, &format!("{service}_connections"), counters.open())?;
            let (accepted, refused) = (counters.accepted(), counters.refused());
            tell_counter(
                &mut encoder,
                &format!("{service}_connections_accepted"),
                "Connections served since the start.",
                accepted,
            )?;
            tell_counter(
                &mut encoder,
                &format!("{service}_connections_refused"),
                "Connections refused since the start.",
                refused,
            )?;
        }
        Ok(())
    }
}

fn tell_counter(encoder: &mut DescriptorEncoder<'_>, name: &str, meaning: &str, value: u64) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    let metric = encoder.encode_descriptor(name, meaning, None, counter.metric_type())?;
    counter.encode(metric)
}

fn tell_open(encoder: &mut DescriptorEncoder<'_>, name: &str, open: u64) -> Result<(), fmt::Error> {
    let gauge = ConstGauge::new(i64::try_from(open).unwrap_or(i64::MAX));
    let metric = encoder.encode_descriptor(name, "Connections that are open now.", None, gauge.metric_type())?;
    gauge.encode(metric)
}
