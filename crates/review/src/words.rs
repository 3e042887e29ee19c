//! Sign-ins in words.

use identity::Language;
use letters::Texts;
use watch::Event;

/// What the event was, a line for each fact.
#[must_use]
pub fn describe(event: &Event, language: Language) -> String {
    let texts = Texts::of(language);
    let detail = &event.detail;
    let unknown = texts.say("watch-unknown", &[]);
    let country = detail.place.country.clone().unwrap_or_else(|| unknown.clone());
    let operator = detail.place.operator_name.clone().unwrap_or_default();
    let values = [
        ("time", event.at.to_string()),
        ("address", detail.address.to_string()),
        ("country", country),
        ("operator", operator),
        ("agent", detail.agent.clone().unwrap_or(unknown)),
        ("way", format!("{} / {}", detail.protocol, detail.method)),
        ("outcome", texts.say(&format!("watch-outcome-{}", event.outcome.as_str()), &[])),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    texts.say("watch-facts", &values)
}

/// Why it is odd, a sentence for each reason; the score last.
#[must_use]
pub fn explain(event: &Event, language: Language) -> Vec<String> {
    let texts = Texts::of(language);
    let mut sentences = Vec::new();
    for finding in &event.detail.findings {
        let evidence: Vec<(&str, &str)> =
            finding.evidence.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        sentences.push(texts.say(&format!("watch-{}", finding.rule), &evidence));
    }
    if let Some(score) = &event.detail.score {
        let weights = score.parts.iter().filter(|(_, weight)| *weight >= 0.1).map(|(dimension, weight)| {
            format!("{} {weight:+.1}", texts.say(&format!("watch-dimension-{dimension}"), &[]))
        });
        let parts: Vec<String> = weights.collect();
        if !parts.is_empty() {
            let total = format!("{:+.1}", score.total);
            sentences.push(texts.say("watch-score", &[("total", &total), ("parts", &parts.join(", "))]));
        }
    }
    sentences
}
