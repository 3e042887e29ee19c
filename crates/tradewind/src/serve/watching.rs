//! Sign-in watch beside the services: attempts written down, databases of places taken up, letters and reviews sent.

use std::sync::Arc;
use std::time::Duration;

use api::actions::Refused;
use env::Watched;
use review::{Alerts, Contacts, Reviewer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use watch::{Watch, WatchSettings};

use crate::system::System;

/// How often files of places are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Letters are posted at once; this finds those that another node was to post.
const ALERTS_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked whether reviews are due and what is too old.
const REVIEWS_EVERY: Duration = Duration::from_secs(1_800);

/// Starts the watch; gives it for those who sign people in.
pub(super) fn spawn(
    tasks: &TaskTracker,
    system: &System,
    public_url: &str,
    stop: &CancellationToken,
) -> Result<Arc<Watch>, Refused> {
    let settings = system.live.sections().watch();
    let watch = Arc::new(Watch::new(system.store.clone(), settings.clone()).map_err(Refused::because)?);
    watch.look();
    let writing = Arc::clone(&watch);
    let stopped = stop.clone();
    tasks.spawn(async move { writing.run(stopped.cancelled()).await });
    tasks.spawn(look(Arc::clone(&watch), stop.clone()));
    let alerts = Alerts {
        store: system.store.clone(),
        mailer: system.mailer(),
        contacts: Contacts::default(),
        link_base: format!("{public_url}{}", api::SIGN_IN_LINKS_PATH),
    };
    tasks.spawn(tell(Arc::clone(&watch), alerts, settings.clone(), stop.clone()));
    let reviewer = Reviewer { store: system.store.clone(), mailer: system.mailer(), contacts: Contacts::default() };
    tasks.spawn(review(Arc::clone(&watch), reviewer, settings, stop.clone()));
    Ok(watch)
}

async fn look(watch: Arc<Watch>, stop: CancellationToken) {
    while !wait(LOOK_EVERY, &stop).await {
        let watch = Arc::clone(&watch);
        if tokio::task::spawn_blocking(move || watch.look()).await.is_err() {
            tracing::error!("looking at the databases of places panicked");
        }
    }
}

async fn tell(watch: Arc<Watch>, mut alerts: Alerts, settings: Watched<WatchSettings>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = watch.wait_for_news() => {}
            () = tokio::time::sleep(ALERTS_EVERY) => {}
        }
        alerts.contacts = Contacts(settings.now().alerts_to.clone());
        match alerts.post().await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "people are told of unusual sign-ins"),
            Err(error) => tracing::error!(%error, "cannot tell people of unusual sign-ins; they wait"),
        }
    }
}

async fn review(watch: Arc<Watch>, mut reviewer: Reviewer, settings: Watched<WatchSettings>, stop: CancellationToken) {
    loop {
        reviewer.contacts = Contacts(settings.now().reviews_to.clone());
        match reviewer.run().await {
            Ok(0) => {}
            Ok(sent) => tracing::info!(sent, "reviews sent"),
            Err(error) => tracing::error!(%error, "cannot send reviews; they are due still"),
        }
        match watch.forget().await {
            Ok(forgotten) => tracing::debug!(forgotten, "old sign-ins forgotten"),
            Err(error) => tracing::error!(%error, "cannot forget old sign-ins"),
        }
        if wait(REVIEWS_EVERY, &stop).await {
            return;
        }
    }
}

/// Waits for `span`; true if the server is stopping.
async fn wait(span: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => true,
        () = tokio::time::sleep(span) => false,
    }
}
