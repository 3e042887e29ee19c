//! What others know of bad mail, beside the services: feeds are read, fetched and taken up; lists and scanners are asked.

use std::sync::Arc;
use std::time::Duration;

use api::actions::Refused;
use env::dns::Resolver;
use filter::Layer;
use inspect::Program;
use intel::feeds::{Feed, Fetch, HttpsFetch, Library, Loaded, Refreshed};
use intel::scan::Scan;
use intel::yara::Taken;
use intel::{Feeds, LinkLists, Never, Yara};
use judgement::{Learner, Reputation};
use store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::feeds::library;
use crate::judging::WORKER_COMMAND;
use crate::settings::Settings;
use crate::system::System;

/// How often it is looked whether feeds are due or have changed.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether rules of YARA have changed.
const YARA_EVERY: Duration = Duration::from_secs(10);

/// How senders have behaved; what everybody uses, and what the settings name, has no reputation.
pub(super) fn reputation(system: &System) -> Arc<Reputation> {
    let never = Arc::new(Never::new(&system.settings.threats.never));
    Arc::new(Reputation::new(system.store.clone(), never))
}

/// The layers of judging that ask others, as the settings say. Feeds are kept up to date from now on.
pub(super) fn layers(
    tasks: &TaskTracker,
    system: &System,
    dns: &Arc<dyn Resolver>,
    reputation: &Arc<Reputation>,
    stop: &CancellationToken,
) -> Result<Vec<Arc<dyn Layer>>, Refused> {
    let settings = &system.settings.threats;
    let context = system.store.context();
    let feeds = Arc::new(Feeds::default());
    let keeper = Keeper {
        store: system.store.clone(),
        library: library(&system.settings, context.entropy.next_u64()),
        never: settings.never.clone(),
        feeds: Arc::clone(&feeds),
        reputation: Arc::clone(reputation),
        learner: super::judging::learner(system, reputation)?,
        fetch: HttpsFetch::new(Arc::clone(dns)),
    };
    tasks.spawn(keep(keeper, stop.clone()));
    let mut layers: Vec<Arc<dyn Layer>> = vec![feeds];
    let never = Arc::new(Never::new(&settings.never));
    let lists = LinkLists::new(&settings.link_lists, Arc::clone(dns), Arc::clone(&context.clock), never);
    if !lists.is_empty() {
        layers.push(Arc::new(lists));
    }
    if let Some(yara) = yara(&system.settings) {
        tasks.spawn(follow_yara(yara.clone(), stop.clone()));
        layers.push(Arc::new(yara));
    }
    layers.extend(Scan::all(settings).into_iter().map(|scan| Arc::new(scan) as Arc<dyn Layer>));
    Ok(layers)
}

/// The rules of YARA, as the settings say.
pub(crate) fn yara(settings: &Settings) -> Option<Yara> {
    Yara::new(&settings.threats, &settings.inspect, Program::this(WORKER_COMMAND))
}

/// Takes up rules of YARA when they change. Those that the compiler refuses change nothing.
async fn follow_yara(yara: Yara, stop: CancellationToken) {
    loop {
        let at = yara.clone();
        match tokio::task::spawn_blocking(move || at.refresh()).await {
            Ok(Taken::Same) => {}
            Ok(Taken::New(files)) => tracing::info!(files, "rules of YARA are in force"),
            Ok(Taken::Refused(error)) => {
                tracing::error!(%error, "rules of YARA are not taken; those before stay in force")
            }
            Err(error) => tracing::error!(%error, "reading the rules of YARA panicked; those before stay in force"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(YARA_EVERY) => {}
        }
    }
}

/// Keeps feeds up to date.
struct Keeper {
    store: Store,
    library: Library,
    never: Vec<String>,
    feeds: Arc<Feeds>,
    reputation: Arc<Reputation>,
    learner: Learner,
    fetch: HttpsFetch,
}

async fn keep(mut keeper: Keeper, stop: CancellationToken) {
    let mut known = None;
    loop {
        // Without our own names nothing is taken up: a feed may list them.
        if let Some(domains) = keeper.domains().await {
            let now = Some((keeper.library.version(), domains));
            if now != known {
                let domains = now.as_ref().map(|(_, domains)| domains.as_slice()).unwrap_or_default();
                keeper.take_up(domains).await;
                known = now;
            }
        }
        // A feed that is slow to come does not hold up the end.
        let has_changed = tokio::select! {
            () = stop.cancelled() => return,
            has_changed = keeper.fetch_due(&keeper.fetch) => has_changed,
        };
        if has_changed {
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

impl Keeper {
    /// Our own domains.
    async fn domains(&self) -> Option<Vec<String>> {
        match self.store.read(|tx| identity::list_domains(tx, None)).await {
            Ok(all) => Some(all.into_iter().map(|domain| domain.name).collect()),
            Err(error) => {
                tracing::error!(%error, "cannot read our own domains; the feeds before stay in force");
                None
            }
        }
    }

    async fn take_up(&mut self, domains: &[String]) {
        let never = Arc::new(Never::new(self.never.iter().chain(domains)));
        self.reputation.set_never(Arc::clone(&never));
        self.library = self.library.clone().with_never(never);
        let (library, now) = (self.library.clone(), self.store.context().clock.now());
        let load = move || -> Vec<Feed> { library.load(now).into_iter().filter_map(Loaded::feed).collect() };
        match tokio::task::spawn_blocking(load).await {
            Ok(feeds) => {
                let entries: usize = feeds.iter().map(|feed| feed.set.len()).sum();
                tracing::info!(feeds = feeds.len(), entries, "feeds of bad addresses are in force");
                let news = Arc::new(self.feeds.news(&feeds));
                self.feeds.set(feeds);
                self.pull(news).await;
            }
            Err(error) => tracing::error!(%error, "reading the feeds panicked; those before stay in force"),
        }
    }

    /// Looks for what is newly listed in what was delivered of late. After a start everything is new.
    async fn pull(&self, news: Arc<Feeds>) {
        match self.learner.pull_listed(news).await {
            Ok(0) => {}
            Ok(messages) => tracing::warn!(messages, "feeds name something in mail that was delivered before"),
            Err(error) => {
                tracing::error!(%error, "cannot look for what feeds have learned in mail that was delivered before");
            }
        }
    }

    /// Fetches what is due; says whether anything changed.
    async fn fetch_due(&self, fetch: &dyn Fetch) -> bool {
        let clock = Arc::clone(&self.store.context().clock);
        let mut has_changed = false;
        for source in self.library.sources().iter().filter(|source| self.library.is_due(source, clock.now())) {
            match self.library.refresh(source, fetch, &*clock).await {
                Refreshed::Same => {}
                Refreshed::Taken { .. } => has_changed = true,
                Refreshed::Waits { before, entries } => tracing::error!(
                    feed = source.name,
                    before,
                    entries,
                    "a feed changed so much that it waits; look at it, then: tradewind feeds accept {}",
                    source.name
                ),
                Refreshed::Failed { why } => {
                    tracing::warn!(
                        feed = source.name,
                        why,
                        "a feed cannot be fetched; the version before stays in force"
                    );
                }
            }
        }
        has_changed
    }
}
