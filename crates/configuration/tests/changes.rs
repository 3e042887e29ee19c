//! Changes of settings: kept with who, when and why, undone, refused, noticed where two meet. On both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use std::collections::BTreeMap;

use async_trait::async_trait;
use configuration::{
    Applies, By, Change, Changed, ConfigurationError, Declared, Kind, Nature, Node, OfFile, Schema, Setting, Standing,
    Values, Weaker, Wish, change, change_all, current, history, list_standings, note_standing, revision,
};
use env::Timestamp;
use env::settings::Field;
use store::testing::TestStore;
use toml::Value;

const OPERATOR: By = By { account: None, organisation: None };

/// A node with a few settings. Days may not be above a hundred.
struct Small {
    schema: Schema,
    file: BTreeMap<String, OfFile>,
}

impl Small {
    fn new() -> Self {
        let fields = [
            ("keep_days", "u32", Value::Integer(14), Applies::Live, Weaker::Less, false),
            ("page", "u32", Value::Integer(3), Applies::Restart, Weaker::Never, false),
            ("token", "String", Value::String(String::new()), Applies::Live, Weaker::Never, true),
            ("place", "String", Value::String("here".to_owned()), Applies::File, Weaker::Any, false),
        ];
        let settings = fields.map(|(name, kind, default, applies, weaker, is_secret)| {
            let field = Field { name, doc: " What it is.\n", kind };
            let declared = Declared { section: "part", about: " A part.\n", field: &field, default: Some(&default) };
            Setting::new(declared, Nature { applies, weaker, is_secret })
        });
        Self { schema: Schema::new(settings.into()), file: BTreeMap::new() }
    }

    fn with_file(name: &str, line: usize, value: Value) -> Self {
        let mut node = Self::new();
        node.file.insert(name.to_owned(), OfFile { line, value });
        node
    }
}

#[async_trait]
impl Node for Small {
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn number(&self) -> u16 {
        0
    }
    fn file(&self) -> String {
        "small.toml".to_owned()
    }
    fn of_file(&self, name: &str) -> Option<OfFile> {
        self.file.get(name).cloned()
    }
    fn base(&self, name: &str) -> Option<Value> {
        let of_file = self.file.get(name).map(|of_file| of_file.value.clone());
        of_file.or_else(|| self.schema.find(name)?.default.clone())
    }
    fn in_force(&self, name: &str) -> Option<Value> {
        self.base(name)
    }
    fn unfit(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    fn check(&self, stored: &Values) -> Result<(), String> {
        match stored.get("part.keep_days").and_then(Value::as_integer) {
            Some(days) if days > 100 => Err(format!("part.keep_days = {days}: must be at most 100")),
            _ => Ok(()),
        }
    }
    async fn take_up(&self) {}
}

fn wish(name: &str, wish: Wish, based_on: i64) -> Change {
    Change { name: name.to_owned(), wish, reason: String::new(), based_on: Some(based_on), protect_less: false }
}

fn set(name: &str, value: &str, based_on: i64) -> Change {
    wish(name, Wish::Set(value.to_owned()), based_on)
}

async fn made(store: &TestStore, wanted: Change) -> Result<Changed, ConfigurationError> {
    made_on(store, Small::new(), wanted).await
}

async fn made_on(store: &TestStore, node: Small, wanted: Change) -> Result<Changed, ConfigurationError> {
    store.write(move |tx| change(tx, &node, &OPERATOR, &wanted)).await
}

async fn values(store: &TestStore) -> Vec<(String, i64, Option<Value>)> {
    let all = store.read(current).await.unwrap();
    all.into_iter().map(|version| (version.name, version.version, version.value)).collect()
}

async fn changes_are_versions_and_are_undone(store: TestStore) {
    assert_eq!(store.read(revision).await.unwrap(), 0);
    let first = made(&store, set("part.keep_days", "20", 0)).await.unwrap();
    assert_eq!((first.version, first.old, first.new), (1, Some(Value::Integer(14)), Some(Value::Integer(20))));
    let second =
        made(&store, Change { reason: "as asked".to_owned(), ..set("part.keep_days", "30", 1) }).await.unwrap();
    assert_eq!((second.version, second.is_other, second.applies), (2, true, Applies::Live));
    assert_eq!(store.read(revision).await.unwrap(), 2);
    // The same again is no version.
    let same = made(&store, set("part.keep_days", "30", 2)).await.unwrap();
    assert_eq!((same.version, same.is_other), (2, false));
    // Less is kept after the undoing, which has to be meant.
    let undone = made(&store, wish("part.keep_days", Wish::Undo, 2)).await;
    assert!(matches!(undone, Err(ConfigurationError::Weaker { .. })), "{undone:?}");
    let meant = Change { reason: "too long".to_owned(), protect_less: true, ..wish("part.keep_days", Wish::Undo, 2) };
    let undone = made(&store, meant).await.unwrap();
    assert_eq!((undone.version, undone.new, undone.protects_less), (3, Some(Value::Integer(20)), true));
    let versions = store.read(|tx| history(tx, Some("part.keep_days"), 0, 10)).await.unwrap();
    let told: Vec<_> = versions.iter().map(|it| (it.version, it.how.as_str(), it.reason.as_str())).collect();
    assert_eq!(told, [(3, "undo", "too long"), (2, "set", "as asked"), (1, "set", "")]);
    assert_eq!(versions[0].before, Some(Value::Integer(30)));
    // Pages.
    let page = store.read(|tx| history(tx, None, 0, 2)).await.unwrap();
    let last = page[1].id;
    let rest = store.read(move |tx| history(tx, None, last, 2)).await.unwrap();
    assert_eq!((page.len(), rest.len(), rest[0].version), (2, 1, 1));
}

async fn two_who_change_one_setting_are_told(store: TestStore) {
    made(&store, set("part.keep_days", "20", 0)).await.unwrap();
    let refused = made(&store, set("part.keep_days", "30", 0)).await.unwrap_err().to_string();
    for part in ["version 1", "the operator", "is 20", "from version 0, is 30", "--based-on 1"] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert_eq!(values(&store).await, [("part.keep_days".to_owned(), 1, Some(Value::Integer(20)))]);
    made(&store, set("part.keep_days", "30", 1)).await.unwrap();
}

async fn what_cannot_be_is_refused_and_nothing_is_kept(store: TestStore) {
    let words = |outcome: Result<Changed, ConfigurationError>| outcome.unwrap_err().to_string();
    let refused = words(made(&store, set("part.keep_days", "200", 0)).await);
    assert_eq!(refused, "part.keep_days = 200: must be at most 100");
    assert!(words(made(&store, set("part.keep_day", "2", 0)).await).contains("did you mean part.keep_days"));
    assert!(words(made(&store, set("part.place", "there", 0)).await).contains("in the file alone"));
    assert!(words(made(&store, set("part.keep_days", "2", 0)).await).contains("protects less than 14"));
    assert!(words(made(&store, wish("part.page", Wish::Undo, 0)).await).contains("nothing to undo"));
    let node = Small::with_file("part.keep_days", 7, Value::Integer(15));
    let refused = words(made_on(&store, node, set("part.keep_days", "30", 0)).await);
    assert!(refused.contains("small.toml line 7 sets part.keep_days = 15, and the file wins"), "{refused}");
    // All of several changes, or none.
    let node = Small::new();
    let both = [set("part.page", "5", 0), set("part.keep_days", "101", 0)];
    let refused = store.write(move |tx| change_all(tx, &node, &OPERATOR, (&both, "import"))).await;
    assert!(refused.is_err());
    assert_eq!((values(&store).await, store.read(revision).await.unwrap()), (Vec::new(), 0));
}

async fn what_the_file_is_set_against_can_be_taken_away(store: TestStore) {
    made(&store, set("part.keep_days", "20", 0)).await.unwrap();
    let node = || Small::with_file("part.keep_days", 7, Value::Integer(15));
    assert!(made_on(&store, node(), set("part.keep_days", "30", 1)).await.is_err());
    let cleared = made_on(&store, node(), wish("part.keep_days", Wish::Clear, 1)).await.unwrap();
    assert_eq!((cleared.old, cleared.new, cleared.version), (Some(Value::Integer(15)), Some(Value::Integer(15)), 2));
    assert_eq!(values(&store).await, [("part.keep_days".to_owned(), 2, None)]);
}

async fn secrets_are_in_no_refusal_and_rest_sealed(store: TestStore) {
    made(&store, set("part.token", "hunter2", 0)).await.unwrap();
    let refused = made(&store, set("part.token", "swordfish", 0)).await.unwrap_err().to_string();
    assert!(!refused.contains("hunter2") && !refused.contains("swordfish"), "{refused}");
    let rests =
        |tx: &mut store::Tx<'_>| tx.rows("SELECT detail FROM setting_version", &[], |row| Ok(row.bytes(0)?.to_vec()));
    let rests: Vec<Vec<u8>> = store.read(rests).await.unwrap();
    assert!(rests.iter().all(|octets| !octets.windows(7).any(|part| part == b"hunter2")));
    let events = store.read(|tx| identity::rights::list_events(tx, 0, Timestamp::default())).await.unwrap();
    let told: String = events.iter().map(|event| event.object.clone()).collect();
    assert!(told.contains("part.token") && !told.contains("hunter2"), "{told}");
}

async fn nodes_say_how_they_stand(store: TestStore) {
    let standing = Standing {
        node: 3,
        at: Timestamp::from_seconds(5),
        revision: 2,
        of_file: vec!["part.page".to_owned()],
        pending: Vec::new(),
        unfit: [("part.page".to_owned(), "the file wins".to_owned())].into(),
    };
    for pending in [Vec::new(), vec!["part.keep_days".to_owned()]] {
        let said = Standing { pending, ..standing.clone() };
        let kept = said.clone();
        store.write(move |tx| note_standing(tx, &kept)).await.unwrap();
        assert_eq!(store.read(list_standings).await.unwrap(), [said]);
    }
}

#[test]
fn the_kinds_of_the_small_schema_are_known() {
    assert_eq!(Small::new().schema.find("part.keep_days").unwrap().kind, Kind::Number);
}

store::on_both_engines! {
    changes_are_versions_and_are_undone,
    two_who_change_one_setting_are_told,
    what_cannot_be_is_refused_and_nothing_is_kept,
    what_the_file_is_set_against_can_be_taken_away,
    secrets_are_in_no_refusal_and_rest_sealed,
    nodes_say_how_they_stand,
}
