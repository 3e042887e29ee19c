use std::sync::atomic::{AtomicUsize, Ordering};

use crypto::tls::Roots;
use resolver::fixed::{FixedResolver, Record};
use store::StoreError;
use store::testing::TestStore;
use tokio::net::TcpListener;

use super::*;

store::on_both_engines! {
    policies_are_kept_sealed_until_they_expire,
    one_fetch_serves_all_who_wait_and_a_failure_is_remembered,
}

fn policy(hosts: &str, seconds: u64) -> Arc<Policy> {
    let text = format!("version: STSv1\nmode: enforce\nmx: {hosts}\nmax_age: {seconds}");
    Arc::new(Policy::parse(&text).unwrap())
}

fn announcing(domains: &[&str]) -> FixedResolver {
    domains.iter().fold(FixedResolver::default(), |dns, domain| {
        dns.with(&format!("_mta-sts.{domain}"), Record::Txt("v=STSv1; id=one".to_owned()))
            .with(&format!("mta-sts.{domain}"), Record::Address(IpAddr::from([127, 0, 0, 1])))
    })
}

fn policies(store: &TestStore, dns: FixedResolver, port: u16) -> Arc<Policies> {
    let tls = ClientTls::verified(&Roots::system(&[]).unwrap()).unwrap();
    Arc::new(Policies::new(store.handle(), Arc::new(dns), tls, port))
}

async fn policies_are_kept_sealed_until_they_expire(store: TestStore) {
    let now = store.context().clock.now();
    for (domain, seconds) in [("a.example", 86_400), ("b.example", 3_600)] {
        let kept = Kept { id: "one".to_owned(), fetched: now, policy: policy("mx.example", seconds) };
        kept::save(&store, domain, &kept).await.unwrap();
        assert_eq!(kept::load(&store, domain).await.unwrap(), Some(kept));
    }
    let newer = Kept { id: "two".to_owned(), fetched: now, policy: policy("*.example", 86_400) };
    kept::save(&store, "a.example", &newer).await.unwrap();
    assert_eq!(kept::load(&store, "a.example").await.unwrap(), Some(newer));
    let rows = store.read(|tx| {
        tx.rows("SELECT domain, policy FROM mta_sts_policy", &[], |row| Ok([row.bytes(0)?, row.bytes(1)?].concat()))
    });
    let rows: Result<Vec<Vec<u8>>, StoreError> = rows.await;
    let rows = rows.unwrap();
    assert!(rows.len() == 2 && !rows.iter().any(|row| row.windows(7).any(|it| it == b"example")));
    // Nothing can be looked up or fetched: what is kept holds until it expires.
    let policies = policies(&store, FixedResolver::default(), 9);
    for (hours, expected) in [(0, [true, true]), (1, [true, false]), (24, [false, false])] {
        store.clock.set(now.plus(Duration::from_secs(hours * 3_600)));
        for (domain, expected) in ["a.example", "b.example"].into_iter().zip(expected) {
            let found = policies.policy(domain).await;
            assert_eq!(found.policy.is_some(), expected, "{domain} after {hours} hours");
        }
    }
}

async fn one_fetch_serves_all_who_wait_and_a_failure_is_remembered(store: TestStore) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let (counted, release) = (Arc::clone(&connections), Arc::new(tokio::sync::Semaphore::new(0)));
    let gate = Arc::clone(&release);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            // A slow host, which says nothing and leaves in the end.
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                gate.acquire().await.unwrap().forget();
                drop(socket);
            });
        }
    });
    let policies = policies(&store, announcing(&["slow.example"]), port);
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let policies = Arc::clone(&policies);
            tokio::spawn(async move { policies.policy("slow.example").await })
        })
        .collect();
    while connections.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // Others are not held up by it.
    let other = tokio::time::timeout(Duration::from_secs(10), policies.policy("other.example")).await.unwrap();
    assert!(other.policy.is_none() && other.fault.is_none());
    release.add_permits(1);
    for one in waiting {
        let found = one.await.unwrap();
        assert!(
            found.policy.is_none()
                && matches!(found.fault.as_deref(), Some(PolicyFault::Host(_) | PolicyFault::Fetch(_)))
        );
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    release.add_permits(8);
    for (seconds, expected) in [(299, 1), (2, 2)] {
        store.clock.advance(Duration::from_secs(seconds));
        policies.policy("slow.example").await;
        assert_eq!(connections.load(Ordering::SeqCst), expected, "after {seconds} seconds more");
    }
}
