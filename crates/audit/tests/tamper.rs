//! What somebody may do to the log, and that both verifiers see it: ours, and the one in Python that shares no code with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use audit::verify::{self, Fault};
use audit::{
    CosignerKey, CosignerKind, Leaf, PublicKey, append, checkpoint, commit, cosign, export, leaf_at, place_of, prove,
    public_key, seal, size,
};
use store::testing::TestStore;

store::on_both_engines! {
    every_record_has_a_proof,
    an_export_is_verified_and_goes_on,
    what_somebody_changes_is_found,
    history_written_anew_with_the_key_is_found_by_a_witness,
    what_does_not_commit_leaves_no_record,
    nodes_seal_one_after_the_other,
    cosigners_of_other_kinds_sign_the_checkpoint,
}

const NAME: &str = "mail.trade.test/audit";

fn leaf(event: i64) -> Leaf {
    Leaf {
        id: format!("{event:x}"),
        at: "2026-11-27T05:00:00Z".to_owned(),
        organisation: "1".to_owned(),
        actor: "operator".to_owned(),
        action: "store-check".to_owned(),
        outcome: "done".to_owned(),
        commitment: commit(b"salt", event.to_string().as_bytes()),
    }
}

async fn add(store: &TestStore, events: std::ops::Range<i64>) {
    store
        .write(move |tx| events.clone().try_for_each(|event| append(tx, event, &leaf(event)).map(drop)))
        .await
        .unwrap();
    store.write(|tx| seal(tx, NAME)).await.unwrap();
}

async fn exported(store: &TestStore, directory: &Path) -> PublicKey {
    let directory = directory.to_owned();
    store
        .read(move |tx| {
            export::write(tx, &directory).unwrap();
            public_key(tx)
        })
        .await
        .unwrap()
        .unwrap()
}

/// Whether the verifier in Python finds the log whole, and what it says; it is skipped where its library is missing.
fn python(directory: &Path, key: &PublicKey, witness: Option<&Path>) -> (bool, Option<String>) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_audit.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(directory).arg(key.to_string()).args(witness);
    let theirs = python.output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&theirs.stdout), String::from_utf8_lossy(&theirs.stderr));
    if told.contains("No module named 'cryptography'") {
        assert!(
            std::env::var_os("TRADEWIND_REQUIRE_PEERS").is_none(),
            "python3-cryptography is missing: tools/install peers"
        );
        eprintln!("SKIPPED the second verifier: python3-cryptography is missing; run tools/install peers");
        return (false, None);
    }
    (theirs.status.success(), Some(told))
}

/// What both verifiers say; they must agree.
fn judged(directory: &Path, key: &PublicKey, witness: Option<&Path>) -> Result<u64, Fault> {
    let witnessed: Vec<_> = witness.iter().map(|path| ("the witness".to_owned(), fs::read(path).unwrap())).collect();
    let ours = verify::log(directory, key, &witnessed);
    if let (is_whole, Some(told)) = python(directory, key, witness) {
        assert_eq!(is_whole, ours.is_ok(), "ours: {ours:?}, in Python: {told}");
    }
    ours.map(|verified| verified.size)
}

async fn every_record_has_a_proof(store: TestStore) {
    add(&store, 0..300).await;
    add(&store, 300..700).await;
    let (note, key) = store
        .read(|tx| Ok::<_, audit::AuditError>((checkpoint(tx)?.unwrap().1, public_key(tx)?.unwrap())))
        .await
        .unwrap();
    for event in [0, 1, 255, 256, 299, 300, 511, 512, 699] {
        let found = store
            .read(move |tx| {
                let place = place_of(tx, event)?;
                Ok::<_, audit::AuditError>((leaf_at(tx, place)?, prove(tx, place)?))
            })
            .await;
        let (record, proof) = found.unwrap();
        assert_eq!(record, serde_json::to_vec(&leaf(event)).unwrap());
        verify::record(note.as_bytes(), &key, &record, &proof).unwrap();
        let other = serde_json::to_vec(&leaf(event + 1)).unwrap();
        assert!(verify::record(note.as_bytes(), &key, &other, &proof).is_err());
        let mut moved = proof.clone();
        moved.place ^= 1;
        assert!(verify::record(note.as_bytes(), &key, &record, &moved).is_err());
    }
    for (from, ours) in [(1, true), (255, true), (300, true), (512, true), (700, true), (701, false), (0, false)] {
        let path = store.read(move |tx| audit::prove_growth(tx, from)).await;
        assert_eq!(path.is_ok(), ours, "{from}");
    }
    add(&store, 700..900).await;
    let grown =
        store.read(|tx| Ok::<_, audit::AuditError>((checkpoint(tx)?.unwrap().1, audit::prove_growth(tx, 700)?)));
    let (newer, path) = grown.await.unwrap();
    verify::growth(note.as_bytes(), newer.as_bytes(), &key, &path).unwrap();
    assert!(verify::growth(newer.as_bytes(), note.as_bytes(), &key, &path).is_err());
    assert!(verify::growth(note.as_bytes(), newer.as_bytes(), &key, &path[1..]).is_err());
    assert!(store.read(|tx| place_of(tx, 9_999)).await.is_err());
    assert!(store.read(|tx| prove(tx, 900)).await.is_err());
}

async fn an_export_is_verified_and_goes_on(mut store: TestStore) {
    let directory = tempfile::tempdir().unwrap();
    for (events, total) in [(0..1, 1), (1..256, 256), (256..257, 257), (257..1_000, 1_000)] {
        add(&store, events).await;
        let key = exported(&store, directory.path()).await;
        assert_eq!(judged(directory.path(), &key, None).unwrap(), total);
    }
    store.reopen().await;
    add(&store, 1_000..1_100).await;
    let key = exported(&store, directory.path()).await;
    assert_eq!(judged(directory.path(), &key, None).unwrap(), 1_100);
    let nothing = store.write(|tx| seal(tx, NAME)).await.unwrap();
    assert_eq!((nothing.records, nothing.checkpoint), (0, None));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (source, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if source.is_dir() { copy(&source, &target) } else { assert!(fs::copy(&source, &target).is_ok()) }
    }
}

fn records(path: &Path) -> Vec<Vec<u8>> {
    let octets = fs::read(path).unwrap();
    let (mut rest, mut all) = (octets.as_slice(), Vec::new());
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (record, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        all.push(record.to_vec());
        rest = after;
    }
    all
}

fn write_records(path: &Path, records: &[Vec<u8>]) {
    let octets: Vec<u8> = records
        .iter()
        .flat_map(|record| [&u16::try_from(record.len()).unwrap().to_be_bytes()[..], record].concat())
        .collect();
    fs::write(path, octets).unwrap();
}

async fn what_somebody_changes_is_found(store: TestStore) {
    let whole = tempfile::tempdir().unwrap();
    add(&store, 0..400).await;
    let early = tempfile::tempdir().unwrap();
    exported(&store, early.path()).await;
    add(&store, 400..700).await;
    let key = exported(&store, whole.path()).await;
    assert_eq!(judged(whole.path(), &key, Some(&early.path().join("checkpoint"))).unwrap(), 700);

    type Change = fn(&Path, &Path);
    let changes: [(&str, Change); 9] = [
        ("an octet of a record", |log, _| {
            let path = log.join("tile/entries/001");
            let mut octets = fs::read(&path).unwrap();
            octets[100] ^= 1;
            fs::write(&path, octets).unwrap();
        }),
        ("an octet of a tile", |log, _| {
            let path = log.join("tile/0/000");
            let mut octets = fs::read(&path).unwrap();
            octets[77] ^= 1;
            fs::write(&path, octets).unwrap();
        }),
        ("a record that is dropped", |log, _| {
            let path = log.join("tile/entries/002.p/188");
            let mut all = records(&path);
            all.remove(50);
            write_records(&path, &all);
        }),
        ("two records that change places", |log, _| {
            let path = log.join("tile/entries/000");
            let mut all = records(&path);
            all.swap(3, 4);
            write_records(&path, &all);
        }),
        ("a record that is put in", |log, _| {
            let path = log.join("tile/entries/002.p/188");
            let mut all = records(&path);
            all.insert(10, serde_json::to_vec(&leaf(9_999)).unwrap());
            write_records(&path, &all);
        }),
        ("a tail that is cut off", |log, _| fs::remove_file(log.join("tile/entries/002.p/188")).unwrap()),
        ("a checkpoint that is changed", |log, _| {
            let note = fs::read_to_string(log.join("checkpoint")).unwrap();
            fs::write(log.join("checkpoint"), note.replace("\n700\n", "\n699\n")).unwrap();
        }),
        ("a checkpoint that lost its signature", |log, _| {
            let note = fs::read_to_string(log.join("checkpoint")).unwrap();
            fs::write(log.join("checkpoint"), note.split_once("\n\n").unwrap().0).unwrap();
        }),
        ("a bundle that ends in the middle of a record", |log, _| {
            let path = log.join("tile/entries/001");
            let octets = fs::read(&path).unwrap();
            fs::write(&path, &octets[..octets.len() - 5]).unwrap();
        }),
    ];
    for (what, change) in changes {
        let changed = tempfile::tempdir().unwrap();
        copy(whole.path(), changed.path());
        change(changed.path(), early.path());
        assert!(judged(changed.path(), &key, None).is_err(), "{what}");
    }
    // An old checkpoint with its own, shorter log is whole in itself: only who has seen the newer one knows.
    assert_eq!(judged(early.path(), &key, None).unwrap(), 400);
    let late = whole.path().join("checkpoint");
    assert!(matches!(judged(early.path(), &key, Some(&late)), Err(Fault::Shorter { was: 700, is: 400, .. })));
}

async fn history_written_anew_with_the_key_is_found_by_a_witness(store: TestStore) {
    add(&store, 0..300).await;
    let witness = tempfile::tempdir().unwrap();
    exported(&store, witness.path()).await;
    // Whoever has the server has the key: he writes history anew, and signs it.
    store
        .write(|tx| {
            tx.execute("DELETE FROM audit_bundle", &[])?;
            tx.execute("DELETE FROM audit_tile", &[])?;
            tx.execute("DELETE FROM audit_place", &[])?;
            tx.execute("DELETE FROM audit_checkpoint", &[])?;
            tx.execute("UPDATE audit_log SET size = 0", &[])
        })
        .await
        .unwrap();
    add(&store, 1_000..1_350).await;
    let anew = tempfile::tempdir().unwrap();
    let key = exported(&store, anew.path()).await;
    assert_eq!(judged(anew.path(), &key, None).unwrap(), 350, "alone it looks whole");
    let kept: PathBuf = witness.path().join("checkpoint");
    assert!(matches!(judged(anew.path(), &key, Some(&kept)), Err(Fault::Rewritten { size: 300, .. })));
}

async fn what_does_not_commit_leaves_no_record(store: TestStore) {
    let failed = store
        .write(|tx| {
            append(tx, 1, &leaf(1))?;
            Err::<(), _>(audit::AuditError::NoRecord("the act itself failed".to_owned()))
        })
        .await;
    assert!(failed.is_err());
    add(&store, 2..3).await;
    assert_eq!(store.read(size).await.unwrap(), 1);
    let mut long = leaf(4);
    long.action = "x".repeat(70_000);
    assert!(matches!(store.write(move |tx| append(tx, 4, &long)).await, Err(audit::AuditError::TooLong(_))));
}

async fn nodes_seal_one_after_the_other(store: TestStore) {
    if store.directory().is_some() {
        return; // One process has an embedded store to itself.
    }
    let other = store.open_node(2).await;
    for round in 0..5 {
        let first = round * 100;
        let append_some = move |from: i64| {
            move |tx: &mut store::Tx<'_>| {
                (from..from + 50).try_for_each(|event| append(tx, event, &leaf(event)).map(drop))
            }
        };
        let (one, two) = tokio::join!(store.write(append_some(first)), other.write(append_some(first + 50)));
        one.unwrap();
        two.unwrap();
        let (one, two) = tokio::join!(store.write(|tx| seal(tx, NAME)), other.write(|tx| seal(tx, NAME)));
        assert_eq!(one.unwrap().records + two.unwrap().records, 100);
    }
    let directory = tempfile::tempdir().unwrap();
    let key = exported(&store, directory.path()).await;
    assert_eq!(judged(directory.path(), &key, None).unwrap(), 500);
}

async fn cosigners_of_other_kinds_sign_the_checkpoint(store: TestStore) {
    add(&store, 0..300).await;
    store.write(cosign).await.unwrap();
    store.write(cosign).await.unwrap();
    let export = tempfile::tempdir().unwrap();
    let key = exported(&store, export.path()).await;
    let keys = fs::read_to_string(export.path().join("cosigners")).unwrap();
    let keys: Vec<CosignerKey> = keys.lines().map(|line| CosignerKey::parse(line).unwrap()).collect();
    assert_eq!(keys.iter().map(CosignerKey::kind).collect::<Vec<_>>(), [CosignerKind::MlDsa], "SM2 with SM4 alone");
    assert_eq!(verify::cosigners(export.path(), &key, &keys).unwrap(), [store.context().clock.now()]);
    assert_eq!(judged(export.path(), &key, None).unwrap(), 300, "both verifiers, with the line");
    let path = export.path().join("cosigned");
    let whole = fs::read_to_string(&path).unwrap();
    // Of another checkpoint, and by nobody.
    add(&store, 300..301).await;
    store.write(cosign).await.unwrap();
    let later = tempfile::tempdir().unwrap();
    exported(&store, later.path()).await;
    fs::copy(later.path().join("cosigned"), &path).unwrap();
    assert!(matches!(verify::cosigners(export.path(), &key, &keys), Err(Fault::Changed { .. })));
    assert!(!python(export.path(), &key, None).0, "another checkpoint's, in Python");
    let (kept, line) = whole.trim_end().rsplit_once('\n').unwrap();
    let swapped = if line.ends_with('A') { 'B' } else { 'A' };
    let altered = format!("{kept}\n{}{swapped}{}\n", &line[..line.len() - 3], &line[line.len() - 2..]);
    fs::write(&path, altered).unwrap();
    assert!(matches!(verify::cosigners(export.path(), &key, &keys), Err(Fault::Cosignature { .. })));
    assert!(!python(export.path(), &key, None).0, "an altered line, in Python");
}
