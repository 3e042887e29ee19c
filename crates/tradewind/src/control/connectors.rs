//! Routes of the settings beside connectors, and what a trial of one tells.

use serde_json::{Value, json};
use smtp::deliver::trial::TriedStep;
use smtp::{TlsDemand, TlsFloor};

use crate::settings::Settings;

/// The routes of the settings, as the list of connectors has them: without what they keep secret.
pub(super) fn routes(settings: &Settings) -> Vec<Value> {
    let row = |(at, route): (usize, &smtp::Route)| {
        let pinned = route.ca.is_some() || route.gm.is_some();
        let encryption = match (route.tls_min, route.tls) {
            (Some(TlsFloor::Tls13), _) => "required-1.3",
            (Some(TlsFloor::Tls12), _) | (None, TlsDemand::Required) => "required",
            (None, TlsDemand::Opportunistic) if pinned => "required",
            (None, TlsDemand::Opportunistic) => "opportunistic",
        };
        json!({
            "id": format!("route-{}", at + 1), "name": null, "enabled": true, "position": null, "from_settings": true,
            "direction": "out", "domains": route.recipients, "relay": route.relay, "encryption": encryption,
            "user": route.user, "source": route.source.map(|source| source.to_string()),
        })
    };
    settings.delivery.route.iter().enumerate().map(row).collect()
}

/// The steps of a trial.
pub(super) fn told(steps: &[TriedStep]) -> Vec<Value> {
    let row = |it: &TriedStep| json!({ "step": it.step.as_str(), "outcome": it.outcome.as_str(), "detail": it.detail });
    steps.iter().map(row).collect()
}
