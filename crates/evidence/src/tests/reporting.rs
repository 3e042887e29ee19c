//! Reports, the overview and lists.

use std::time::Duration;

use identity::Language;
use serde_json::Value;
use store::testing::TestStore;
use store::{Tx, params};

use super::ALL;
use super::healthy::Healthy;
use crate::frameworks::{Framework, Listed, page};
use crate::report::{Report, checkpoint, sign, verify};
use crate::{Check, EvidenceError, State, keep, look_at, overview, stand};

pub(super) async fn reports_verify_and_altered_ones_do_not(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let around = healthy.around.clone();
    let work = move |tx: &mut Tx<'_>| {
        let report = Report {
            listed: Listed::Items(Framework::Iso27001),
            organisation: Some("Trade Test".to_owned()),
            made: tx.now().to_string(),
            checkpoint: checkpoint(tx)?,
            stand: stand(tx, &around, ALL, true)?,
        };
        Ok::<_, EvidenceError>(report)
    };
    let report = store.read(work).await.unwrap();
    for language in [Language::English, Language::Chinese] {
        let document = report.json(&healthy.around, language).unwrap();
        assert_eq!(document["items"].as_array().unwrap().len(), 93);
        assert_eq!(document["checks"].as_array().unwrap().len(), Check::ALL.len());
        assert_eq!(document["counts"]["failed"], 0, "nothing fails where everything is well");
        assert!(document["checkpoint"].as_str().unwrap().starts_with("mail.trade.test/audit\n"));
        let tables = report.tables(language).unwrap();
        assert_eq!((tables.len(), tables[0].rows.len(), tables[1].rows.len()), (2, 93, Check::ALL.len()));
        assert!(tables.iter().all(|table| table.rows.iter().all(|row| row.len() == table.head.len())));
        assert!(report.paragraphs(&healthy.around, language).unwrap().iter().all(|line| !line.contains('{')));
    }
    let document = serde_json::to_vec(&report.json(&healthy.around, Language::English).unwrap()).unwrap();
    let documents = vec![("evidence.json".to_owned(), document.clone()), ("evidence.pdf".to_owned(), b"%PDF".to_vec())];
    let note = store.write(move |tx| sign(tx, (0, None), "mail.trade.test", &documents)).await.unwrap();
    let key = store.read(audit::public_key).await.unwrap().unwrap();

    assert_eq!(verify(&document, note.as_bytes(), &key).as_deref(), Some("evidence.json"));
    assert_eq!(verify(b"%PDF", note.as_bytes(), &key).as_deref(), Some("evidence.pdf"));
    let altered = String::from_utf8(document.clone()).unwrap().replacen("passed", "failed", 1);
    assert_eq!(verify(altered.as_bytes(), note.as_bytes(), &key), None, "an altered document");
    let other = note.replacen("sha256 ", "sha256 0", 1);
    assert_eq!(verify(&document, other.as_bytes(), &key), None, "an altered note");
    let renamed = note.replace("evidence.json", "other.json");
    assert_eq!(verify(&document, renamed.as_bytes(), &key), None, "a note with another name");
    let foreign = TestStore::open(store::testing::Engine::Sqlite).await.unwrap();
    let _ = Healthy::new(&foreign).await;
    let foreign = foreign.read(audit::public_key).await.unwrap().unwrap();
    assert_eq!(verify(&document, note.as_bytes(), &foreign), None, "another's key");
    let head = store.read(checkpoint).await.unwrap().unwrap();
    assert_eq!(verify(&document, head.as_bytes(), &key), None, "a checkpoint is no note of evidence");
}

pub(super) async fn overview_ranks_what_needs_attention(store: TestStore) {
    let mut healthy = Healthy::new(&store).await;
    let shown =
        |around: crate::Surroundings| store.read(move |tx| overview::shown(tx, &around, ALL, Language::English));
    let well = shown(healthy.around.clone()).await.unwrap();
    assert!(well["areas"].as_array().unwrap().iter().all(|area| area["state"] == "passed"));
    assert_eq!(well["areas"].as_array().unwrap().len(), crate::Area::ALL.len());

    healthy.around.rehearsal.last = None;
    healthy.around.subjects = None;
    let told = shown(healthy.around.clone()).await.unwrap();
    let areas = told["areas"].as_array().unwrap();
    assert_eq!((&areas[0]["area"], &areas[0]["state"]), (&Value::from("backups"), &Value::from("failed")));
    assert_eq!(areas[0]["why"], "No restore was ever rehearsed.");
    assert_eq!(areas[0]["mend"]["name"], "backup-rehearse");
    assert_eq!((&areas[1]["area"], &areas[1]["state"]), (&Value::from("privacy"), &Value::from("needs-a-person")));
    assert!(
        areas
            .iter()
            .all(|area| area["figures"].as_array().is_some_and(|all| area["state"] != "passed" || !all.is_empty()))
    );
    assert_eq!((&told["counts"]["failed"], &told["counts"]["needs-a-person"]), (&Value::from(1), &Value::from(1)));

    // What walks through all accounts is as the last look within the hour has it.
    let around = healthy.around.clone();
    let keep_factors = move |tx: &mut Tx<'_>| {
        let outcome = look_at(tx, &around, ALL, Check::Factors)?;
        keep(tx, 0, Check::Factors, &outcome)?;
        tx.execute("DELETE FROM factor WHERE kind = $1", params!["totp"]).map_err(EvidenceError::from)
    };
    store.write(keep_factors).await.unwrap();
    let state_of = |told: &Value| {
        let areas = told["areas"].as_array().unwrap();
        areas.iter().find(|area| area["area"] == "sign-in").unwrap()["state"].clone()
    };
    assert_eq!(state_of(&shown(healthy.around.clone()).await.unwrap()), "passed");
    store.clock.advance(Duration::from_secs(3_700));
    assert_eq!(state_of(&shown(healthy.around.clone()).await.unwrap()), "failed", "an older one is made anew");
}

pub(super) async fn pages_are_paged(store: TestStore) {
    let healthy = Healthy::new(&store).await;
    let around = healthy.around.clone();
    let all = store.read(move |tx| stand(tx, &around, ALL, true)).await.unwrap();
    let listed = Listed::parse(Some("iso27001")).unwrap();
    let (mut codes, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let told = page(listed, &all, (None, Language::English), (cursor.as_deref(), 40)).unwrap();
        let rows = told["rows"].as_array().unwrap();
        assert!(rows.len() <= 40);
        codes.extend(rows.iter().map(|row| row["item"].as_str().unwrap().to_owned()));
        match told["cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!((codes.len(), codes[0].as_str(), codes[92].as_str()), (93, "A.5.1", "A.8.34"));
    let person = page(listed, &all, (Some(State::NeedsPerson), Language::Chinese), (None, 200)).unwrap();
    let passed = page(listed, &all, (Some(State::Passed), Language::Chinese), (None, 200)).unwrap();
    let rows = |of: &Value| of["rows"].as_array().unwrap().len();
    assert_eq!(rows(&person) + rows(&passed), 93);
    assert!(person["rows"].as_array().unwrap().iter().all(|row| row["person"].is_string()));
    assert!(passed["rows"].as_array().unwrap().iter().all(|row| !row["checks"].as_array().unwrap().is_empty()));
    assert_eq!(passed["counts"], person["counts"]);
    assert!(page(listed, &all, (None, Language::English), (Some("x"), 10)).is_err());
    assert!(page(listed, &all, (None, Language::English), (None, 0)).is_err());
    assert!(Listed::parse(Some("soc2")).unwrap_err().to_string().contains("iso27001"));
}
