//! A healthy installation, on both engines, and what becomes of it when things break.

mod breaks;
mod healthy;
mod history;
mod reporting;
mod summing;

use std::collections::BTreeSet;

use store::Tx;
use store::testing::TestStore;

use crate::outcome::Outcome;
use crate::say::tests::{has_place, is_said};
use crate::{Check, EvidenceError, State, Surroundings, Within, look_at};
use healthy::Healthy;

store::on_both_engines! {
    everything_passes_where_everything_is_well,
    each_check_fails_when_its_thing_is_broken,
    rules_of_crossings_end,
    one_organisation_does_not_see_the_other,
    lists_agree_with_counts,
    how_checks_came_out_is_kept,
    what_was_kept_without_a_reading_has_not_passed,
    old_changes_are_forgotten,
    what_went_by_is_summed_up_once,
    numbers_lead_to_lists,
    days_of_a_report_have_what_was_in_them,
    overview_ranks_what_needs_attention,
    reports_verify_and_altered_ones_do_not,
    pages_are_paged,
}

use breaks::{each_check_fails_when_its_thing_is_broken, rules_of_crossings_end};
use history::{how_checks_came_out_is_kept, old_changes_are_forgotten, what_was_kept_without_a_reading_has_not_passed};
use reporting::{overview_ranks_what_needs_attention, pages_are_paged, reports_verify_and_altered_ones_do_not};
use summing::{days_of_a_report_have_what_was_in_them, numbers_lead_to_lists, what_went_by_is_summed_up_once};

const ALL: Within = Within { organisation: None };

async fn everything_passes_where_everything_is_well(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    for check in Check::ALL {
        let outcome = look(&store, &healthy.around, *check).await;
        assert_eq!(outcome.state(), State::Passed, "{check}: {:?}", outcome.why());
        assert!(!outcome.readings().is_empty(), "{check} passes and has read nothing");
        told(*check, &outcome);
    }
}

async fn one_organisation_does_not_see_the_other(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let other = store.write(healthy::add_poor).await.unwrap();
    let around = healthy.around.clone();
    let ours = Within { organisation: Some(healthy.organisation) };
    let theirs = Within { organisation: Some(other) };
    for check in [Check::Factors, Check::Duties, Check::EndToEnd, Check::Signing, Check::Outbound] {
        let of = |within: Within| {
            let around = around.clone();
            store.read(move |tx| look_at(tx, &around, within, check))
        };
        assert_eq!(of(ours).await.unwrap().state(), State::Passed, "{check}");
        assert_eq!(of(theirs).await.unwrap().state(), State::Failed, "{check}");
        assert_eq!(of(ALL).await.unwrap().state(), State::Failed, "{check}: all together are as their worst");
    }
}

/// The list of those who lack a factor names as many as the check counts.
async fn lists_agree_with_counts(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let forget = |tx: &mut Tx<'_>| tx.execute("DELETE FROM factor WHERE kind = 'hardware-key'", &[]);
    store.write(forget).await.unwrap();
    let settings = healthy.around.factors.clone();
    let named = store.read(move |tx| identity::factors::list_without_factor(tx, &settings, None)).await.unwrap();
    let outcome = look(&store, &healthy.around, Check::Factors).await;
    let counted = outcome.readings().iter().find(|reading| reading.figure() == "people-without-factor").unwrap();
    assert_eq!(counted.value().as_i64(), Some(i64::try_from(named.len()).unwrap()));
    assert!(!named.is_empty());
}

async fn look(store: &TestStore, around: &Surroundings, check: Check) -> Outcome {
    let around = around.clone();
    store.read(move |tx| look_at(tx, &around, ALL, check)).await.unwrap()
}

/// Whether everything that the outcome has is said in both languages.
fn told(check: Check, outcome: &Outcome) {
    for reading in outcome.readings() {
        assert!(is_said(&format!("figure-{}", reading.figure())), "{check}: {}", reading.figure());
        assert!(!reading.source().is_empty(), "{check}: {} was read nowhere", reading.figure());
    }
    let keys: BTreeSet<&str> = outcome.why().iter().map(|why| why.key.as_str()).collect();
    for key in keys {
        assert!(is_said(&format!("why-{key}")), "{check}: {key}");
    }
    for why in outcome.why() {
        for name in why.values.keys() {
            assert!(has_place(&format!("why-{}", why.key), name), "{check}: {} has no place for {name}", why.key);
        }
        let said = crate::sentence(why, identity::Language::English);
        assert!(!said.contains('{'), "{check}: {said}");
    }
}

/// What a piece of work gives whose changes are undone.
struct Undone(Option<Outcome>);

impl From<store::StoreError> for Undone {
    fn from(error: store::StoreError) -> Self {
        panic!("{error}")
    }
}

impl From<EvidenceError> for Undone {
    fn from(error: EvidenceError) -> Self {
        panic!("{error}")
    }
}
