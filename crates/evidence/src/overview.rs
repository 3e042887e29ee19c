//! The first page of a console: what needs attention, area by area, and live numbers.

use identity::Language;
use serde_json::{Value, json};
use store::Tx;

use crate::check::{Area, Check};
use crate::kept::{Known, stand};
use crate::look::Within;
use crate::outcome::State;
use crate::say::{area_name, sentences};
use crate::{EvidenceError, Surroundings, figure_name, numbers};

/// Figures of a check that are shown.
const FIGURES_MAX: usize = 4;

/// How pressing a state is.
const fn press(state: State) -> u8 {
    match state {
        State::Failed => 0,
        State::NeedsPerson => 1,
        State::Passed => 2,
    }
}

/// The overview, what needs attention first.
///
/// # Errors
/// [`EvidenceError`] if the store fails.
pub fn shown(
    tx: &mut Tx<'_>,
    around: &Surroundings,
    within: Within,
    language: Language,
) -> Result<Value, EvidenceError> {
    let stand = stand(tx, around, within, false)?;
    let mut areas: Vec<(u8, usize, Value)> = Vec::new();
    for (place, &area) in Area::ALL.iter().enumerate() {
        let mut of_area: Vec<&(Check, Known)> = stand.iter().filter(|(check, _)| check.area() == area).collect();
        of_area.sort_by_key(|(_, known)| press(known.outcome.state()));
        if let Some(first) = of_area.first() {
            areas.push((press(first.1.outcome.state()), place, shown_area(area, &of_area, first, language)));
        }
    }
    areas.sort_by_key(|(press, place, _)| (*press, *place));
    let count = |state: State| stand.iter().filter(|(_, known)| known.outcome.state() == state).count();
    Ok(json!({
        "at": tx.now().to_string(),
        "counts": {
            "passed": count(State::Passed), "failed": count(State::Failed), "needs-a-person": count(State::NeedsPerson),
        },
        "areas": areas.into_iter().map(|(_, _, area)| area).collect::<Vec<_>>(),
        "numbers": numbers::shown(tx, around, within, language)?,
    }))
}

/// An area by the check that needs attention most.
fn shown_area(area: Area, all: &[&(Check, Known)], (check, known): &(Check, Known), language: Language) -> Value {
    let why = sentences(*check, &known.outcome, language).into_iter().next().unwrap_or_default();
    let figures = known.outcome.readings().iter().take(FIGURES_MAX).map(|reading| {
        json!({ "figure": reading.figure(), "name": figure_name(reading.figure(), language), "value": reading.value() })
    });
    let mend = check.mend().first().map(|mend| {
        let (kind, name) = mend.words();
        json!({ "kind": kind, "name": name })
    });
    let checks =
        all.iter().map(|(check, known)| json!({ "check": check.as_str(), "state": known.outcome.state().as_str() }));
    json!({
        "area": area.as_str(),
        "title": area_name(area, language),
        "state": known.outcome.state().as_str(),
        "check": check.as_str(),
        "why": why,
        "figures": figures.collect::<Vec<_>>(),
        "since": known.since.to_string(),
        "looked": known.at.to_string(),
        "mend": mend,
        "checks": checks.collect::<Vec<_>>(),
    })
}
