//! What is kept of messages, found by whom, and forgotten: on both engines.

#![allow(clippy::unwrap_used, reason = "a test stops where something fails")]

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crypto::keys::{Key, Organisation};
use env::Clock;
use store::page::{Cursor, Page};
use store::testing::{Engine, TestStore};
use store::{StoreError, Tx, params};
use trace::{
    Change, Direction, Filter, Found, Listed, New, Outcome, Reply, Step, Traced, What, find, keep, note, show,
};

store::on_both_engines! {
    a_trace_goes_from_the_message_to_the_last_answer,
    how_it_stands_follows_the_recipients,
    traces_are_found_by_all_that_they_show,
    conditions_are_met_together,
    what_waits_for_the_index_is_found_as_well,
    pages_are_stable_while_messages_come,
    nobody_finds_what_is_anothers,
    a_flood_fills_no_more_than_its_day,
    what_is_over_goes_and_the_rest_stays,
    an_account_goes_with_its_traces,
    what_is_at_home_elsewhere_names_nobody,
}

const OURS: i64 = 11;
const OTHERS: i64 = 22;
const CANARY: &str = "kanarienvogel";

struct Fixture {
    store: TestStore,
}

fn add_organisation(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    let context = tx.context();
    let key = Key::<Organisation>::generate(&*context.entropy);
    let wrapped = context.keys.region().wrap(&*context.entropy, &key, id);
    tx.execute(
        "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, $2, 'basic', $3, 0)",
        params![id, &format!("Organisation {id}"), &wrapped],
    )?;
    Ok(())
}

impl Fixture {
    async fn new(store: TestStore) -> Self {
        let made = store.write(|tx| {
            add_organisation(tx, OURS)?;
            add_organisation(tx, OTHERS)
        });
        made.await.unwrap();
        Self { store }
    }

    /// A message from `from` to `to` that has just come.
    fn message(&self, organisation: i64, from: &str, to: &[&str]) -> New {
        self.store.clock.advance(Duration::from_millis(10));
        let context = self.store.context();
        let (id, now) = (context.ids.next(), context.clock.now());
        let connected = What::Connected {
            client: Some(IpAddr::from([192, 0, 2, 7])),
            helo: "mx.partner.test".into(),
            tls: "TLSv1.3".into(),
            service: "smtp".into(),
        };
        New {
            traced: Traced { organisation, id },
            at: now,
            direction: Direction::In,
            outcome: Outcome::Delivered,
            verdict: Found::Deliver,
            open: 0,
            size: 1_234,
            client: Some(IpAddr::from([192, 0, 2, 7])),
            from: from.into(),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
            subject: format!("About {id}"),
            message_id: format!("{id}@partner.test"),
            accounts: vec![5],
            steps: vec![Step::at(now, connected), Step::at(now, What::Received)],
            is_impersonal: false,
        }
    }

    async fn keep(&self, new: New) -> Traced {
        let traced = new.traced;
        self.store.write(move |tx| keep(tx, &new)).await.unwrap();
        traced
    }

    async fn came(&self, from: &str, to: &[&str]) -> Traced {
        self.keep(self.message(OURS, from, to)).await
    }

    async fn index(&self) {
        while self.store.write(trace::index).await.unwrap() > 0 {}
    }

    async fn page(&self, filter: Filter, after: Cursor, limit: usize) -> Page<Listed> {
        let filter =
            Filter { organisation: if filter.organisation == 0 { OURS } else { filter.organisation }, ..filter };
        self.store.read(move |tx| find(tx, &filter, after, limit)).await.unwrap()
    }

    async fn found(&self, filter: Filter) -> Vec<i64> {
        self.page(filter, Cursor::START, 100).await.items.iter().map(|listed| listed.traced.id).collect()
    }

    async fn note(&self, traced: Traced, what: What, change: Change) -> bool {
        let step = Step::at(self.store.clock.now(), what);
        self.store.write(move |tx| note(tx, traced, std::slice::from_ref(&step), change)).await.unwrap()
    }

    async fn outcome(&self, traced: Traced) -> Outcome {
        self.store.read(move |tx| show(tx, traced)).await.unwrap().unwrap().listed.outcome
    }

    async fn number(&self, sql: &'static str) -> i64 {
        self.store.read(move |tx| tx.row(sql, params![], |row| row.int(0))).await.unwrap().unwrap_or(0)
    }
}

fn attempted(code: u16, result: &str) -> What {
    let reply = Reply { host: "mx.far.test".into(), code, status: String::new(), text: "words".into() };
    What::Attempted { to: vec!["bo@far.test".into()], more: 0, reply, result: result.into(), until: None }
}

async fn a_trace_goes_from_the_message_to_the_last_answer(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let traced = fixture.came("ana@partner.test", &["bo@far.test"]).await;
    fixture.store.clock.advance(Duration::from_secs(1));
    assert!(fixture.note(traced, attempted(451, "deferred"), Change::NONE).await);
    fixture.store.clock.advance(Duration::from_secs(60));
    assert!(fixture.note(traced, attempted(250, "relayed"), Change::NONE).await);
    let shown = fixture.store.read(move |tx| show(tx, traced)).await.unwrap().unwrap();
    let kinds: Vec<&str> = shown.steps.iter().map(|step| step.what.kind()).collect();
    assert_eq!(kinds, ["connected", "received", "attempted", "attempted"]);
    assert!(shown.steps.is_sorted_by_key(|step| step.at));
    assert_eq!(shown.steps[3].what, attempted(250, "relayed"));
    let Listed { from, to, size, verdict, .. } = shown.listed;
    assert_eq!(
        (from.as_str(), to, size, verdict),
        ("ana@partner.test", vec!["bo@far.test".to_owned()], 1_234, Found::Deliver)
    );
    let unknown = Traced { id: traced.id + 1, ..traced };
    assert!(!fixture.note(unknown, What::Received, Change::NONE).await, "what is not traced stays so");
    let foreign = Traced { organisation: OTHERS, ..traced };
    assert!(fixture.store.read(move |tx| show(tx, foreign)).await.unwrap().is_none());
    assert!(!fixture.note(foreign, What::Received, Change::NONE).await);
}

async fn how_it_stands_follows_the_recipients(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let mut new = fixture.message(OURS, "ana@trade.test", &["a@far.test", "b@far.test"]);
    (new.open, new.outcome) = (2, Outcome::Waiting);
    let traced = fixture.keep(new).await;
    let closed = |closed, failed| Change { closed, failed, ..Change::NONE };
    fixture.note(traced, attempted(451, "deferred"), Change::NONE).await;
    assert_eq!(fixture.outcome(traced).await, Outcome::Waiting);
    fixture.note(traced, attempted(250, "relayed"), closed(1, 0)).await;
    assert_eq!(fixture.outcome(traced).await, Outcome::Waiting, "one is still there");
    fixture.note(traced, What::Received, Change::to(Outcome::Held)).await;
    assert_eq!(fixture.outcome(traced).await, Outcome::Held);
    fixture.note(traced, attempted(550, "failed"), closed(1, 1)).await;
    assert_eq!(fixture.outcome(traced).await, Outcome::Failed);
    // Passed on by a rule after all.
    fixture.note(traced, What::Received, Change::opened(1)).await;
    assert_eq!(fixture.outcome(traced).await, Outcome::Waiting);
    let other = fixture.came("ana@partner.test", &["bo@trade.test"]).await;
    fixture.note(other, What::Received, Change::opened(1)).await;
    fixture.note(other, attempted(250, "relayed"), closed(1, 0)).await;
    assert_eq!(fixture.outcome(other).await, Outcome::Delivered);
}

async fn traces_are_found_by_all_that_they_show(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let one = fixture.came("Ana@Partner.test", &["bo@trade.test", "cy@trade.test"]).await;
    let mut new = fixture.message(OURS, "dan@other.test", &["bo@trade.test"]);
    (new.client, new.accounts, new.outcome) = (Some(IpAddr::from([198, 51, 100, 1])), vec![6], Outcome::Refused);
    let two = fixture.keep(new).await;
    fixture.index().await;
    let by = |change: fn(&mut Filter)| {
        let mut filter = Filter::default();
        change(&mut filter);
        fixture.found(filter)
    };
    assert_eq!(by(|_| {}).await, [two.id, one.id], "the latest first");
    assert_eq!(by(|filter| filter.address = Some("ana@partner.TEST".into())).await, [one.id]);
    assert_eq!(by(|filter| filter.address = Some("bo@trade.test".into())).await, [two.id, one.id]);
    assert_eq!(by(|filter| filter.address = Some("nobody@trade.test".into())).await, [0; 0]);
    assert_eq!(by(|filter| filter.domain = Some("PARTNER.test".into())).await, [one.id]);
    assert_eq!(by(|filter| filter.account = Some(6)).await, [two.id]);
    assert_eq!(by(|filter| filter.client = Some(IpAddr::from([198, 51, 100, 1]))).await, [two.id]);
    assert_eq!(by(|filter| filter.outcome = Some(Outcome::Refused)).await, [two.id]);
    assert_eq!(by(|filter| filter.direction = Some(Direction::Out)).await, [0; 0]);
    let id = format!("<{}@partner.test>", one.id);
    assert_eq!(fixture.found(Filter { message_id: Some(id), ..Filter::default() }).await, [one.id]);
    // An address that is an account's, too: both are looked for.
    let both = Filter { address: Some("ana@partner.test".into()), account: Some(6), ..Filter::default() };
    assert_eq!(fixture.found(both).await, [two.id, one.id]);
}

async fn conditions_are_met_together(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let mut all = Vec::new();
    for number in 0..30 {
        let from = if number % 2 == 0 { "ana@partner.test" } else { "dan@other.test" };
        let mut new = fixture.message(OURS, from, &["bo@trade.test"]);
        if number % 3 == 0 {
            new.client = Some(IpAddr::from([198, 51, 100, 1]));
        }
        if number % 5 == 0 {
            new.outcome = Outcome::Quarantined;
        }
        all.push(fixture.keep(new).await.id);
    }
    fixture.index().await;
    let wanted: Vec<i64> = (0..30).filter(|it| it % 30 == 0).map(|it| all[it]).collect();
    let filter = Filter {
        address: Some("bo@trade.test".into()),
        domain: Some("partner.test".into()),
        client: Some(IpAddr::from([198, 51, 100, 1])),
        outcome: Some(Outcome::Quarantined),
        ..Filter::default()
    };
    assert_eq!(fixture.found(filter).await, wanted);
    let moment = env::moment_of(all[10]);
    let since = Filter { since: Some(moment), ..Filter::default() };
    assert_eq!(fixture.found(since).await.len(), 20);
    let until = Filter { until: Some(moment), domain: Some("trade.test".into()), ..Filter::default() };
    assert_eq!(fixture.found(until).await.len(), 10);
}

async fn what_waits_for_the_index_is_found_as_well(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let old = fixture.came("ana@partner.test", &["bo@trade.test"]).await;
    fixture.index().await;
    fixture.store.clock.advance(Duration::from_secs(3 * 86_400));
    let new = fixture.came("ana@partner.test", &["bo@trade.test"]).await;
    fixture.came("dan@other.test", &["bo@trade.test"]).await;
    let ana = || Filter { address: Some("ana@partner.test".into()), ..Filter::default() };
    assert_eq!(fixture.found(ana()).await, [new.id, old.id]);
    assert_eq!(fixture.number("SELECT COUNT(*) FROM trace_fresh").await, 2);
    fixture.index().await;
    assert_eq!(fixture.number("SELECT COUNT(*) FROM trace_fresh").await, 0);
    assert_eq!(fixture.found(ana()).await, [new.id, old.id]);
}

/// All of a list, `limit` at a time; `meanwhile` runs between two pages.
async fn all_pages(fixture: &Fixture, filter: &Filter, limit: usize, meanwhile: impl AsyncFn()) -> Vec<i64> {
    let (mut seen, mut after) = (Vec::new(), Cursor::START);
    loop {
        let page = fixture.page(filter.clone(), after, limit).await;
        assert!(page.items.len() <= limit);
        seen.extend(page.items.iter().map(|listed| listed.traced.id));
        match page.next {
            Some(next) => after = next.parse().unwrap(),
            None => return seen,
        }
        meanwhile().await;
    }
}

async fn pages_are_stable_while_messages_come(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let mut kept = Vec::new();
    for number in 0..40 {
        let from = if number % 4 == 0 { "ana@partner.test" } else { "dan@other.test" };
        kept.push((number, fixture.came(from, &["bo@trade.test"]).await.id));
        if number == 20 {
            fixture.index().await;
            fixture.store.clock.advance(Duration::from_secs(86_400));
        }
    }
    let came = async || {
        fixture.came("ana@partner.test", &["bo@trade.test"]).await;
        fixture.index().await;
    };
    let newest_first = |wanted: fn(i32) -> bool| -> Vec<i64> {
        kept.iter().rev().filter(|(number, _)| wanted(*number)).map(|(_, id)| *id).collect()
    };
    assert_eq!(all_pages(&fixture, &Filter::default(), 7, &came).await, newest_first(|_| true));
    let filter = Filter {
        address: Some("ana@partner.test".into()),
        until: Some(fixture.store.clock.now()),
        ..Filter::default()
    };
    let before = fixture.found(filter.clone()).await;
    let paged = all_pages(&fixture, &filter, 3, &came).await;
    assert_eq!(paged, before);
    assert_eq!(paged.iter().collect::<BTreeSet<_>>().len(), paged.len(), "none twice");
    assert!(paged.ends_with(&newest_first(|number| number % 4 == 0)));
}

async fn nobody_finds_what_is_anothers(store: TestStore) {
    let fixture = Fixture::new(store).await;
    fixture.came("ana@partner.test", &["bo@trade.test"]).await;
    let theirs = fixture.keep(fixture.message(OTHERS, "ana@partner.test", &["bo@trade.test"])).await;
    let nobodys = fixture.keep(fixture.message(0, "ana@partner.test", &["x@far.test"])).await;
    for indexed in [false, true] {
        if indexed {
            fixture.index().await;
        }
        for filter in [
            Filter::default(),
            Filter { address: Some("ana@partner.test".into()), ..Filter::default() },
            Filter { domain: Some("partner.test".into()), ..Filter::default() },
            Filter { account: Some(5), ..Filter::default() },
            Filter { client: Some(IpAddr::from([192, 0, 2, 7])), ..Filter::default() },
        ] {
            let of_others = Filter { organisation: OTHERS, ..filter.clone() };
            assert_eq!(fixture.found(of_others).await, [theirs.id], "{filter:?}");
            assert_eq!(fixture.found(filter.clone()).await.len(), 1, "{filter:?}");
            let with_nobodys = Filter { organisation: OTHERS, with_nobodys: true, ..filter.clone() };
            assert_eq!(fixture.found(with_nobodys).await, [nobodys.id, theirs.id], "{filter:?}");
        }
    }
}

async fn a_flood_fills_no_more_than_its_day(store: TestStore) {
    let fixture = Fixture::new(store).await;
    for day in 0..2 {
        let flood: Vec<New> = (0..50).map(|_| fixture.message(0, "x@bad.test", &["y@trade.test"])).collect();
        let kept = fixture.store.write(move |tx| trace::keep_refused(tx, &flood, 20)).await.unwrap();
        assert_eq!(kept, 20, "day {day}");
        let more: Vec<New> = (0..5).map(|_| fixture.message(0, "x@bad.test", &["y@trade.test"])).collect();
        assert_eq!(fixture.store.write(move |tx| trace::keep_refused(tx, &more, 20)).await.unwrap(), 0);
        fixture.store.clock.advance(Duration::from_secs(86_400));
    }
    assert_eq!(fixture.number("SELECT COUNT(*) FROM trace").await, 40);
}

async fn what_is_over_goes_and_the_rest_stays(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let old = fixture.came("ana@partner.test", &["bo@trade.test"]).await;
    fixture.note(old, attempted(250, "relayed"), Change::NONE).await;
    fixture.index().await;
    fixture.store.clock.advance(Duration::from_secs(20 * 86_400));
    let new = fixture.came("ana@partner.test", &["bo@trade.test"]).await;
    fixture.index().await;
    fixture.store.clock.advance(Duration::from_secs(15 * 86_400));
    while fixture.store.write_freeing(|tx| trace::forget(tx, 30)).await.unwrap() > 0 {}
    assert_eq!(fixture.found(Filter { address: Some("ana@partner.test".into()), ..Filter::default() }).await, [new.id]);
    assert_eq!(fixture.number("SELECT COUNT(*) FROM trace").await, 1);
    assert_eq!(fixture.number("SELECT COUNT(*) FROM trace_step").await, 0);
    assert_eq!(fixture.number("SELECT COUNT(DISTINCT id) FROM trace_mark").await, 1);
}

async fn an_account_goes_with_its_traces(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let gone = "gone@trade.test";
    let own = fixture.came("ana@partner.test", &[gone]).await;
    let mut sent = fixture.message(OURS, gone, &["bo@far.test", "cy@far.test"]);
    sent.direction = Direction::Out;
    sent.steps.push(Step::at(sent.at, What::SignedIn { account: 5, method: "password".into() }));
    let sent = fixture.keep(sent).await;
    let both = fixture.came("ana@partner.test", &["Gone@trade.test", "stays@trade.test"]).await;
    let reply = Reply { text: "<GONE@trade.test> is unknown".into(), ..Reply::default() };
    fixture.note(both, What::PassedOn { region: "eu".into(), reply }, Change::NONE).await;
    fixture.index().await;
    let fresh = fixture.came("ana@partner.test", &[gone, "stays@trade.test"]).await;
    let mut others = fixture.message(OURS, "ana@partner.test", &["stays@trade.test"]);
    others.accounts = vec![6];
    let others = fixture.keep(others).await;
    let work = |tx: &mut Tx<'_>| trace::erase(tx, OURS, 5, &["gone@trade.test".to_owned()]);
    assert_eq!(fixture.store.write(work).await.unwrap(), 4);
    for traced in [own, sent] {
        assert!(fixture.store.read(move |tx| show(tx, traced)).await.unwrap().is_none());
    }
    for traced in [both, fresh] {
        let shown = fixture.store.read(move |tx| show(tx, traced)).await.unwrap().unwrap();
        assert!(!format!("{shown:?}").to_lowercase().contains(gone), "{shown:?}");
        assert_eq!(shown.listed.to[1], "stays@trade.test");
    }
    for filter in
        [Filter { address: Some(gone.into()), ..Filter::default() }, Filter { account: Some(5), ..Filter::default() }]
    {
        assert_eq!(fixture.found(filter).await, [0; 0]);
    }
    let stays = Filter { address: Some("stays@trade.test".into()), ..Filter::default() };
    assert_eq!(fixture.found(stays).await, [others.id, fresh.id, both.id]);
}

async fn what_is_at_home_elsewhere_names_nobody(store: TestStore) {
    let fixture = Fixture::new(store).await;
    let mut new = fixture.message(OURS, "ana@partner.test", &["bo@trade.test"]);
    (new.is_impersonal, new.outcome) = (true, Outcome::PassedOn);
    let traced = fixture.keep(new).await;
    let shown = fixture.store.read(move |tx| show(tx, traced)).await.unwrap().unwrap().listed;
    assert_eq!((shown.from.as_str(), shown.to.len(), shown.more), ("", 0, 1));
    assert_eq!((shown.subject.as_str(), shown.message_id.as_str()), ("", ""));
    assert_eq!(fixture.found(Filter { address: Some("bo@trade.test".into()), ..Filter::default() }).await, [traced.id]);
}

/// What a thief of the disk could read.
#[test]
fn the_database_names_nobody_in_clear() {
    store::testing::run(Engine::Sqlite, async |store| {
        let fixture = Fixture::new(store).await;
        let mut new = fixture.message(OURS, &format!("{CANARY}@partner.test"), &[&format!("{CANARY}@far.test")]);
        (new.subject, new.message_id) = (format!("Re: {CANARY}"), format!("{CANARY}@x"));
        let nobodys = New { traced: Traced { organisation: 0, id: new.traced.id + 1 }, ..new.clone() };
        let traced = fixture.keep(new).await;
        fixture.keep(nobodys).await;
        let reply = Reply { host: format!("{CANARY}.test"), text: CANARY.into(), ..Reply::default() };
        fixture.note(traced, What::PassedOn { region: "eu".into(), reply }, Change::NONE).await;
        fixture.index().await;
        let directory = fixture.store.directory().unwrap().to_owned();
        let mut read = 0;
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                read += bytes.len();
                let is_there = bytes.windows(CANARY.len()).any(|window| window.eq_ignore_ascii_case(CANARY.as_bytes()));
                assert!(!is_there, "{}", path.display());
            }
        }
        assert!(read > 4_096, "the database was looked at");
        let shown = fixture.store.read(move |tx| show(tx, traced)).await.unwrap().unwrap();
        assert!(format!("{shown:?}").contains(CANARY), "those who may read it do");
    });
}

/// Rows and octets that one message costs, as docs/trace.md tells them.
#[test]
fn a_message_costs_two_rows_and_few_octets() {
    store::testing::run(Engine::Sqlite, async |store| {
        let fixture = Fixture::new(store).await;
        for _ in 0..100 {
            fixture.came("anna.buyer@partner-company.example", &["sales@trade.test"]).await;
        }
        let rows = fixture.number("SELECT (SELECT COUNT(*) FROM trace) + (SELECT COUNT(*) FROM trace_fresh)").await;
        assert_eq!(rows, 200);
        let octets = fixture.number("SELECT CAST(SUM(LENGTH(detail)) AS BIGINT) / 100 FROM trace").await;
        let marks = fixture.number("SELECT CAST(SUM(LENGTH(marks)) AS BIGINT) / 100 FROM trace_fresh").await;
        eprintln!("a trace: {octets} octets sealed, {marks} octets of marks");
        assert!(octets < 700 && marks <= 64, "{octets} {marks}");
    });
}
