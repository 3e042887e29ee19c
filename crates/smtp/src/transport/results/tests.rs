use mailauth::tls_rpt::PolicyType;

use super::*;

fn policy(domain: &str) -> PolicyFacts {
    PolicyFacts {
        policy_type: PolicyType::NoPolicyFound,
        policy_string: Vec::new(),
        policy_domain: domain.to_owned(),
        mx_host: Vec::new(),
    }
}

#[test]
fn connections_are_counted_by_domain_day_and_kind() {
    let results = Results::default();
    let noon = Timestamp::from_seconds(20_000 * DAY_SECONDS + 43_200);
    let ends = |local: &str| Ends { local: local.parse().ok(), remote: "192.0.2.1".parse().ok() };
    let no_tls = || Some((ResultType::StarttlsNotSupported, String::new()));
    results.note(noon, policy("a.example"), None, "mx.a.example", ends("198.51.100.1"));
    results.note(noon, policy("a.example"), no_tls(), "mx.a.example", ends("10.0.0.1"));
    results.note(noon, policy("a.example"), no_tls(), "mx.a.example", ends("10.0.0.2"));
    results.note(noon, policy("a.example"), no_tls(), "mx.a.example", ends("198.51.100.1"));
    results.note(noon, policy("b.example"), None, "mx.b.example", Ends::default());
    let tomorrow = Timestamp::from_seconds(20_001 * DAY_SECONDS);
    results.note(tomorrow, policy("a.example"), None, "mx.a.example", Ends::default());
    let mut taken = results.take();
    assert!(taken.len() == 3 && results.take().is_empty());
    let place = (20_000, "a.example".to_owned());
    let today = taken.remove(&place).unwrap_or_default();
    assert_eq!(today[0].summary, Summary { total_successful_session_count: 1, total_failure_session_count: 3 });
    // Networks of our own are not told.
    let told: Vec<_> =
        today[0].failure_details.iter().map(|it| (it.sending_mta_ip.as_deref(), it.failed_session_count)).collect();
    assert_eq!(told, [(None, 2), (Some("198.51.100.1"), 1)]);
    // What could not be written down is added to what came since.
    results.note(noon, policy("a.example"), None, "mx.a.example", Ends::default());
    results.put_back(place.clone(), today);
    assert_eq!(results.take()[&place][0].summary.total_successful_session_count, 2);
}

#[test]
fn kinds_of_failures_are_bounded_and_counted_all_the_same() {
    let results = Results::default();
    let now = Timestamp::from_seconds(1_800_000_000);
    for number in 0..FAILURES_MAX + 50 {
        let wrong = Some((ResultType::ValidationFailure, "why".to_owned()));
        results.note(now, policy("a.example"), wrong, &format!("mx{number}.a.example"), Ends::default());
    }
    let taken = results.take();
    let result = &taken.values().next().unwrap()[0];
    assert_eq!(result.failure_details.len(), FAILURES_MAX);
    assert_eq!(result.summary.total_failure_session_count, FAILURES_MAX as u64 + 50);
}
