//! What those see who defend an organisation: threats by page, campaigns, reports, quality, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use env::Timestamp;
use filter::Action;
use judgement::feedback::Said;
use judgement::threats::{self, Wanted};
use judgement::{JudgementError, Opinion};
use store::Tx;
use store::testing::TestStore;

use fixture::office::Office;
use fixture::{HONEST, evil};

store::on_both_engines! {
    threats_are_listed_by_page,
    what_belongs_together_is_a_campaign,
    what_people_say_is_counted,
}

/// A letter of one template from somebody.
fn offer(number: i64, sender: &str) -> String {
    format!(
        "From: Sales <{sender}>\r\nTo: li@trade.test\r\nSubject: Catalogue of umbrellas\r\nMessage-ID: <{number}@offers.test>\r\n\r\n\
         Dear reader,\r\n\r\nour factory makes umbrellas of every size and colour for hotels and shops, and we send you our newest catalogue \
         with pleasure. Please look at the page http://umbrellas-{number}.test/ where all models are shown with their prices. We print \
         your company's sign on each of them without further cost if you take two hundred pieces or more.\r\n\r\nWith best wishes\r\nThe sales team\r\n"
    )
}

/// Keeps what is found of a message that a layer finds bad.
async fn judge_evil(office: &Office, id: i64, raw: &str) -> Opinion {
    let opinion = office.scene.judging(vec![evil()]).incoming(office.scene.arrival(id, raw)).await.unwrap();
    let kept = opinion.kept.clone();
    office.scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    opinion
}

async fn listed(office: &Office, wanted: Wanted) -> Result<Vec<threats::Threat>, JudgementError> {
    let organisation = office.scene.organisation;
    office.scene.store.read(move |tx: &mut Tx<'_>| threats::list(tx, organisation, &wanted)).await
}

fn ids(threats: &[threats::Threat]) -> Vec<i64> {
    threats.iter().map(|one| one.id).collect()
}

async fn threats_are_listed_by_page(store: TestStore) {
    let office = Office::new(store).await;
    office.deliver(1, office.scene.li, HONEST).await;
    for id in 2..=4 {
        assert_eq!(judge_evil(&office, id, HONEST).await.action, Action::Quarantine);
    }
    let first = listed(&office, Wanted { count: 2, ..Wanted::default() }).await.unwrap();
    assert_eq!(ids(&first), [4, 3], "the latest first, and none that was delivered without a word");
    assert!(first[0].from.contains("buyer@partner.test") && first[0].subject == "Quotation for ball valves");
    let after = first.last().map(threats::Threat::place);
    let rest = listed(&office, Wanted { count: 9, after, ..Wanted::default() }).await.unwrap();
    assert_eq!(ids(&rest), [2]);
    let delivered = Wanted { action: "deliver".to_owned(), count: 9, ..Wanted::default() };
    assert_eq!(ids(&listed(&office, delivered).await.unwrap()), [1]);
    let alike = Wanted { alike: Some(4), count: 9, ..Wanted::default() };
    assert_eq!(ids(&listed(&office, alike).await.unwrap()), [4, 3, 2, 1], "delivered ones, too");
    let gone = Wanted { alike: Some(99), count: 9, ..Wanted::default() };
    assert!(matches!(listed(&office, gone).await, Err(JudgementError::NotKept(99))));
    let since = Wanted { since: office.scene.now().millis() + 1, count: 9, ..Wanted::default() };
    assert_eq!(listed(&office, since).await.unwrap(), []);
}

async fn what_belongs_together_is_a_campaign(store: TestStore) {
    let office = Office::new(store).await;
    for (id, sender) in [(1, "one@offers.test"), (2, "two@offers.test"), (3, "three@offers.test")] {
        judge_evil(&office, id, &offer(id, sender)).await;
    }
    office.deliver(4, office.scene.li, &offer(4, "four@offers.test")).await;
    judge_evil(&office, 5, HONEST).await;
    let organisation = office.scene.organisation;
    let look = move |tx: &mut Tx<'_>| threats::campaigns(tx, organisation, Timestamp::from_millis(0));
    let found = office.scene.store.read(look).await.unwrap();
    assert_eq!(found.len(), 1, "one alone is none: {found:?}");
    assert_eq!((found[0].newest, found[0].common), (3, "look"));
    assert_eq!(found[0].evidence, "Catalogue of umbrellas");
    let count = |what: &str| found[0].done.get(what).copied().unwrap_or_default();
    assert_eq!((count("quarantine"), count("deliver") + count("warn")), (3, 1));
    assert_eq!((found[0].waiting, found[0].pulled), (0, 0), "nothing was put into quarantine here");
}

async fn what_people_say_is_counted(store: TestStore) {
    let office = Office::new(store).await;
    let (li, wang, organisation) = (office.scene.li, office.scene.wang, office.scene.organisation);
    office.deliver(1, li, &offer(1, "one@offers.test")).await;
    office.deliver(2, li, HONEST).await;
    judge_evil(&office, 3, HONEST).await;
    judge_evil(&office, 4, HONEST).await;
    office.report(1, li, Said::Junk).await;
    office.report(2, li, Said::Honest).await;
    office.report(3, li, Said::Junk).await;
    office.report(4, li, Said::Honest).await;
    let count = move |tx: &mut Tx<'_>| threats::quality(tx, organisation, Timestamp::from_millis(0));
    let sum = office.scene.store.read(count).await.unwrap().sum();
    assert_eq!((sum.judged, sum.stopped), (4, 2));
    assert_eq!((sum.rightly_stopped, sum.wrongly_stopped, sum.missed, sum.rightly_let), (1, 1, 1, 1));
    office.report(4, wang, Said::Junk).await;
    let found = office.scene.store.read(count).await.unwrap();
    assert_eq!((found.sum().wrongly_stopped, found.undecided), (0, 1), "as many say the one as the other");
    let read = move |tx: &mut Tx<'_>| threats::reported(tx, organisation, Timestamp::from_millis(0), None, 3);
    let reports = office.scene.store.read(read).await.unwrap();
    assert_eq!(reports.len(), 3);
    assert_eq!((reports[0].judged, reports[0].account, reports[0].is_junk), (4, wang, true));
    assert!(!reports[0].is_decided && reports[0].subject == "Quotation for ball valves");
    let after = Some(reports[2].place);
    let rest = move |tx: &mut Tx<'_>| threats::reported(tx, organisation, Timestamp::from_millis(0), after, 9);
    assert_eq!(office.scene.store.read(rest).await.unwrap().len(), 2);
}
