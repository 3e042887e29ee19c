use std::collections::HashMap;

use mailauth::tls_rpt::{PolicyFacts, PolicyType, Summary};
use store::testing::TestStore;
use store::{Place, Store};

use super::*;

store::on_both_engines! {
    two_nodes_count_together_and_report_once,
    a_lease_that_has_ended_reports_nothing,
    what_is_too_old_is_dropped,
}

fn counted(domain: &str, good: u64) -> PolicyResult {
    PolicyResult {
        policy: PolicyFacts {
            policy_type: PolicyType::NoPolicyFound,
            policy_string: Vec::new(),
            policy_domain: domain.to_owned(),
            mx_host: Vec::new(),
        },
        summary: Summary { total_successful_session_count: good, total_failure_session_count: 0 },
        failure_details: Vec::new(),
    }
}

async fn add_to(store: &Store, day: Day, domain: &'static str) {
    store.write(move |tx| add(tx, day, domain, &[counted(domain, 1)])).await.unwrap();
}

fn today(store: &Store) -> Day {
    store.context().clock.now().seconds().div_euclid(DAY_SECONDS)
}

async fn two_nodes_count_together_and_report_once(store: TestStore) {
    let second = match &store.place {
        Place::Postgres(_) => store.open_node(2).await,
        Place::Embedded(_) => store.handle(),
    };
    let day = today(&store);
    let domains = ["a.example", "b.example", "c.example"];
    let mut counting = Vec::new();
    for number in 0..30 {
        let node = if number % 2 == 0 { store.handle() } else { second.clone() };
        let domain = domains[number % domains.len()];
        counting.push(tokio::spawn(async move { add_to(&node, day, domain).await }));
    }
    for one in counting {
        one.await.unwrap();
    }
    assert!(store.write(take).await.unwrap().is_empty(), "the day is not over");
    store.clock.advance(Duration::from_secs(2 * 86_400 - 8 * 3600 - 1));
    let (one, two) = tokio::join!(store.write(take), second.write(take));
    let mut seen: HashMap<String, Vec<u64>> = HashMap::new();
    for taken in one.unwrap().into_iter().chain(two.unwrap()) {
        let counts = taken.gathered.policies.iter().map(|it| it.summary.total_successful_session_count);
        seen.entry(taken.gathered.domain.clone()).or_default().extend(counts);
    }
    assert_eq!(seen, domains.map(|domain| (domain.to_owned(), vec![10])).into());
    second.close().await;
}

async fn a_lease_that_has_ended_reports_nothing(store: TestStore) {
    add_to(&store, today(&store), "a.example").await;
    assert_eq!(store.write(send_soon).await.unwrap(), 1);
    let mut first = store.write(take).await.unwrap().remove(0);
    assert!(store.write(take).await.unwrap().is_empty());
    store.clock.advance(LEASE + Duration::from_secs(1));
    let second = store.write(take).await.unwrap().remove(0);
    assert_eq!(first.gathered, second.gathered);
    first.gathered.served.push("somewhere".to_owned());
    let (late, until) = (first.clone(), first.until);
    assert!(store.write(move |tx| keep(tx, &late, until)).await.is_err());
    assert!(store.write(move |tx| forget(tx, &first)).await.is_err());
    // Who holds it now sees nothing of that, and can end it.
    let sealed = store.read(|tx| tx.row("SELECT results FROM tls_result", &[], |row| Ok(row.bytes(0)?.to_vec())));
    let sealed = sealed.await.unwrap().unwrap();
    assert!(!sealed.windows(9).any(|it| it == b"a.example"), "the domain rests in clear");
    store.write(move |tx| forget(tx, &second)).await.unwrap();
    store.clock.advance(LEASE * 2);
    assert!(store.write(take).await.unwrap().is_empty());
}

async fn what_is_too_old_is_dropped(store: TestStore) {
    let day = today(&store);
    for (ago, domain) in [(3, "old.example"), (2, "late.example")] {
        add_to(&store, day - ago, domain).await;
    }
    let taken = store.write(take).await.unwrap();
    assert_eq!(taken.iter().map(|it| it.gathered.domain.as_str()).collect::<Vec<_>>(), ["late.example"]);
}
