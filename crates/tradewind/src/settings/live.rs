//! The settings of a running node: its file, what the store has in place of defaults, and who watches what holds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api::actions::Refused;
use async_trait::async_trait;
use configuration::{Node, OfFile, Schema, Standing, Values, Version, list_standings, note_standing};
use env::{Publisher, Watched};
use parking_lot::RwLock;
use store::{Store, StoreError, Tx};
use toml::{Table, Value};

use super::layers::{Combined, combine, in_force, lay, obstacle, pending, schema_of_all, table_of, value_in};
use super::{Sections, Settings, repositories};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The settings of this node. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Live(Arc<Inner>);

struct Inner {
    store: Store,
    schema: Schema,
    /// What the file says, with defaults.
    file: Settings,
    /// With what the node started.
    started: Settings,
    sections: Sections,
    message_bytes_max: Publisher<u64>,
    hold_seconds_max: Publisher<u64>,
    state: RwLock<State>,
    /// One takes up at a time.
    turn: tokio::sync::Mutex<()>,
    /// Others are told how the node stands.
    serves: AtomicBool,
}

struct State {
    revision: i64,
    in_force: Arc<Settings>,
    table: Arc<Table>,
    pending: Vec<String>,
    unfit: BTreeMap<String, String>,
}

impl Live {
    /// Lays what the store has over the settings of the file.
    pub(crate) async fn open(file: Settings, store: Store) -> Result<Self, Refused> {
        let schema = schema_of_all();
        let (revision, versions) = store.read(read).await.map_err(Refused::because)?;
        let Combined { settings, unfit } = combine(&schema, &file, &versions);
        let state = State {
            revision,
            table: Arc::new(table_of(&settings)),
            in_force: Arc::new(settings.clone()),
            pending: Vec::new(),
            unfit,
        };
        Ok(Self(Arc::new(Inner {
            sections: Sections::new(&settings),
            message_bytes_max: Publisher::new(settings.smtp.message_bytes_max),
            hold_seconds_max: Publisher::new(hold_seconds(&settings)),
            store,
            schema,
            file,
            started: settings,
            state: RwLock::new(state),
            turn: tokio::sync::Mutex::default(),
            serves: AtomicBool::new(false),
        })))
    }

    /// What holds now.
    pub(crate) fn now(&self) -> Arc<Settings> {
        Arc::clone(&self.0.state.read().in_force)
    }

    /// With what the node started.
    pub(crate) fn started(&self) -> &Settings {
        &self.0.started
    }

    /// What the file says.
    pub(crate) fn of_the_file(&self) -> &Settings {
        &self.0.file
    }

    /// The sections, to be watched.
    pub(crate) fn sections(&self) -> &Sections {
        &self.0.sections
    }

    /// Longest message in bytes.
    pub(crate) fn message_bytes_max(&self) -> Watched<u64> {
        self.0.message_bytes_max.watched()
    }

    /// Seconds for which a message may be scheduled ahead.
    pub(crate) fn hold_seconds_max(&self) -> Watched<u64> {
        self.0.hold_seconds_max.watched()
    }

    /// Tells the others from now on how this node stands; and in the log what of the store does not hold here.
    pub(crate) async fn serve(&self) -> Result<(), Refused> {
        self.0.serves.store(true, Ordering::Relaxed);
        repositories::note(&self.now());
        for (setting, why) in self.unfit() {
            tracing::warn!(
                setting,
                why,
                "a setting was changed in the running server, and does not hold: see tradewind config get"
            );
        }
        self.note().await.map_err(Refused::because)
    }

    /// Takes up what the store has, if it is other than before; gives the sections that are others now.
    pub(crate) async fn refresh(&self) -> Result<Vec<&'static str>, StoreError> {
        let inner = &self.0;
        let _turn = inner.turn.lock().await;
        let known = inner.state.read().revision;
        let newer = move |tx: &mut Tx<'_>| {
            let is_same = configuration::revision(tx)? == known;
            if is_same { Ok(None) } else { read(tx).map(Some) }
        };
        let Some((revision, versions)) = inner.store.read(newer).await? else { return Ok(Vec::new()) };
        let Combined { settings: wanted, unfit } = combine(&inner.schema, &inner.file, &versions);
        let now = in_force(&inner.schema, &inner.started, &wanted);
        let pending = pending(&inner.schema, &now, &wanted);
        *inner.state.write() =
            State { revision, table: Arc::new(table_of(&now)), in_force: Arc::new(now.clone()), pending, unfit };
        let changed = inner.sections.publish(&now);
        inner.message_bytes_max.publish(&now.smtp.message_bytes_max);
        inner.hold_seconds_max.publish(&hold_seconds(&now));
        if inner.serves.load(Ordering::Relaxed) {
            repositories::note(&now);
            self.note().await?;
        }
        Ok(changed)
    }

    /// Notes for the others how this node stands, unless it has said so.
    async fn note(&self) -> Result<(), StoreError> {
        let standing = {
            let state = self.0.state.read();
            Standing {
                node: self.number(),
                at: self.0.store.context().clock.now(),
                revision: state.revision,
                of_file: self.0.file.origin.sets.keys().cloned().collect(),
                pending: state.pending.clone(),
                unfit: state.unfit.clone(),
            }
        };
        let work = move |tx: &mut Tx<'_>| {
            let said = list_standings(tx)?.into_iter().find(|other| other.node == standing.node);
            let is_said = said.is_some_and(|said| Standing { at: standing.at, ..said } == standing);
            if is_said { Ok(()) } else { note_standing(tx, &standing) }
        };
        self.0.store.write_freeing(work).await
    }
}

fn read(tx: &mut Tx<'_>) -> Result<(i64, Vec<Version>), StoreError> {
    Ok((configuration::revision(tx)?, configuration::current(tx)?))
}

const fn hold_seconds(settings: &Settings) -> u64 {
    settings.delivery.schedule_days_max.saturating_mul(DAY)
}

#[async_trait]
impl Node for Live {
    fn schema(&self) -> &Schema {
        &self.0.schema
    }

    fn number(&self) -> u16 {
        self.0.file.server.node
    }

    fn file(&self) -> String {
        self.0.file.origin.path.display().to_string()
    }

    fn of_file(&self, name: &str) -> Option<OfFile> {
        let OfFile { line, value } = self.0.file.origin.sets.get(name).cloned()?;
        Some(OfFile { line, value: repositories::told(name, value) })
    }

    fn base(&self, name: &str) -> Option<Value> {
        value_in(&table_of(&self.0.file), name).map(|value| repositories::told(name, value))
    }

    fn in_force(&self, name: &str) -> Option<Value> {
        let table = Arc::clone(&self.0.state.read().table);
        value_in(&table, name).map(|value| repositories::told(name, value))
    }

    fn unfit(&self) -> BTreeMap<String, String> {
        self.0.state.read().unfit.clone()
    }

    fn check(&self, stored: &Values) -> Result<(), String> {
        // Values that do not count here need not fit.
        let counts = |name: &str| obstacle(&self.0.schema, &self.0.file, name).is_none();
        let counting =
            stored.iter().filter(|(name, _)| counts(name)).map(|(name, value)| (name.clone(), value.clone()));
        let wanted = lay(&self.0.file, &counting.collect())?;
        repositories::may_be_made(&wanted, &self.now())
    }

    async fn take_up(&self) {
        if let Err(error) = self.refresh().await {
            tracing::error!(%error, "changed settings cannot be taken up; it is tried again");
        }
    }
}
