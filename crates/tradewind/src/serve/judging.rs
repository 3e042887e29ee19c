//! Judging beside the services: letters about the quarantine, and the end of what is kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::actions::Refused;
use env::Watched;
use env::dns::Resolver;
use filter::{Judge, Layer, RulesFollower};
use inspect::{Pool, Program};
use intel::SecondOpinion;
use judgement::alikes::AlikeLetters;
use judgement::cases::CaseLetters;
use judgement::complaints::Complaints;
use judgement::digest::Digests;
use judgement::history::History;
use judgement::outbound::Stops;
use judgement::{Judging, JudgingSettings, Learner, Reputation};
use store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::judging::{WORKER_COMMAND, rule_files};
use crate::system::System;

/// How often it is looked whether letters are due.
const DIGESTS_EVERY: Duration = Duration::from_secs(20);

/// How often reports of people are followed, and stopped messages told of.
const LEARN_EVERY: Duration = Duration::from_secs(5);

/// How often the trade guard learns, and tells of cases.
const STUDY_EVERY: Duration = Duration::from_secs(1);

/// How often look-alikes are told of and accounts looked at.
const WATCH_EVERY: Duration = Duration::from_secs(10);

/// How often what is old is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(600);

/// How often it is looked whether rule files have changed.
const RULES_EVERY: Duration = Duration::from_secs(10);

/// Judges what comes from outside.
pub(super) fn judging(
    system: &System,
    layers: Vec<Arc<dyn Layer>>,
    reputation: &Arc<Reputation>,
    dns: &Arc<dyn Resolver>,
) -> Result<Arc<Judging>, Refused> {
    let settings = system.live.sections().judging();
    let pool = Arc::new(Pool::new(Program::this(WORKER_COMMAND), system.settings.inspect.clone()));
    let judging = Judging::new(system.store.clone(), system.judge.get()?, layers, settings);
    let opinion = SecondOpinion::new(&system.settings.opinion, Arc::clone(dns)).map_err(Refused::because)?;
    let judging = judging.with_inspection(pool).with_guard(system.outbound.guard());
    Ok(Arc::new(judging.with_reputation(Arc::clone(reputation)).with_second_opinion(opinion)))
}

/// Follows what people and feeds say of delivered mail.
pub(super) fn learner(system: &System, reputation: &Arc<Reputation>) -> Result<Learner, Refused> {
    let (judge, settings) = (system.judge.get()?, system.live.sections().judging());
    Ok(Learner::new(system.store.clone(), judge, settings, system.mailer(), Arc::clone(reputation)))
}

/// Starts what is done beside judging.
pub(super) fn spawn(
    tasks: &TaskTracker,
    system: &System,
    reputation: &Arc<Reputation>,
    public_url: &str,
    stop: &CancellationToken,
) -> Result<(), Refused> {
    let settings = &system.settings.judging;
    let watched = system.live.sections().judging();
    tasks.spawn(tidy(system.store.clone(), watched.clone(), Arc::clone(reputation), stop.clone()));
    tasks.spawn(write_reputation(Arc::clone(reputation), stop.clone()));
    tasks.spawn(learn(learner(system, reputation)?, stop.clone()));
    let stops = Stops { store: system.store.clone(), mailer: system.mailer(), judge: system.judge.get()? };
    tasks.spawn(tell_of_stops(stops, stop.clone()));
    let approvals = outbound::Letters { store: system.store.clone(), mailer: system.mailer() };
    tasks.spawn(tell_of_approvals(approvals, stop.clone()));
    let letters = CaseLetters { store: system.store.clone(), mailer: system.mailer(), judge: system.judge.get()? };
    let guard = guard::Guard::new(system.store.clone());
    let pool = Arc::new(Pool::new(Program::this(WORKER_COMMAND), system.settings.inspect.clone()));
    let history = History { store: system.store.clone(), guard: guard.clone(), pool: Some(pool) };
    tasks.spawn(follow_trade(guard, letters, stop.clone()));
    tasks.spawn(learn_history(history, stop.clone()));
    let alikes = AlikeLetters { store: system.store.clone(), mailer: system.mailer() };
    tasks.spawn(watch_names_and_accounts(alikes, stop.clone()));
    let complaints = Complaints { store: system.store.clone(), mailer: system.mailer() };
    tasks.spawn(tell_of_complaints(complaints, stop.clone()));
    if let Some(directory) = settings.rules_directory.clone() {
        tasks.spawn(follow_rules(directory, learner(system, reputation)?, system.judge.get()?, stop.clone()));
    }
    let digests = Digests {
        store: system.store.clone(),
        mailer: system.mailer(),
        judge: system.judge.get()?,
        link_base: format!("{public_url}{}", api::QUARANTINE_LINKS_PATH),
        period: Duration::ZERO,
    };
    tasks.spawn(tell(digests, watched, stop.clone()));
    Ok(())
}

async fn tell(mut digests: Digests, settings: Watched<JudgingSettings>, stop: CancellationToken) {
    while !wait(DIGESTS_EVERY, &stop).await {
        let minutes = settings.now().digest_minutes;
        if minutes == 0 {
            continue;
        }
        digests.period = Duration::from_secs(minutes.saturating_mul(60));
        match digests.post().await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "people are told what waits in quarantine"),
            Err(error) => tracing::error!(%error, "cannot tell people what waits in quarantine; it waits still"),
        }
    }
}

/// Follows what people report.
async fn learn(learner: Learner, stop: CancellationToken) {
    while !wait(LEARN_EVERY, &stop).await {
        match learner.run().await {
            Ok(0) => {}
            Ok(reports) => tracing::info!(reports, "reports of people were followed"),
            Err(error) => tracing::error!(%error, "cannot follow reports of people; they wait still"),
        }
    }
}

/// Writes what was counted of senders and links, beside the way of messages, and at the end once more.
async fn write_reputation(reputation: Arc<Reputation>, stop: CancellationToken) {
    loop {
        let is_over = wait(LEARN_EVERY, &stop).await;
        if let Err(error) = reputation.flush().await {
            tracing::warn!(%error, "what was counted of senders cannot be written; it waits still");
        }
        if is_over {
            return;
        }
    }
}

/// Tells of messages of our people that were stopped.
async fn tell_of_stops(stops: Stops, stop: CancellationToken) {
    while !wait(LEARN_EVERY, &stop).await {
        match stops.post().await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "people are told of stopped messages"),
            Err(error) => tracing::error!(%error, "cannot tell people of stopped messages; they wait still"),
        }
    }
}

/// Tells of messages that wait for approval, and ends those that nobody has decided on in time.
async fn tell_of_approvals(letters: outbound::Letters, stop: CancellationToken) {
    while !wait(LEARN_EVERY, &stop).await {
        match letters.post().await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "people are told of messages that need approval"),
            Err(error) => tracing::error!(%error, "cannot tell people of messages that need approval; they wait still"),
        }
    }
}

/// Learns whom people here trade with from mail that nobody doubts, and tells finance of cases.
async fn follow_trade(guard: guard::Guard, letters: CaseLetters, stop: CancellationToken) {
    while !wait(STUDY_EVERY, &stop).await {
        match guard.study().await {
            Ok(0) => {}
            Ok(learned) => tracing::debug!(learned, "the trade guard has learned from messages"),
            // Another node was faster, or somebody corrected a partner.
            Err(guard::GuardError::Conflict) => {}
            Err(error) => tracing::error!(%error, "the trade guard cannot learn; what it would learn waits"),
        }
        match letters.post().await {
            Ok(0) => {}
            Ok(told) => tracing::info!(told, "finance is told of cases"),
            Err(error) => tracing::error!(%error, "cannot tell finance of cases; they wait still"),
        }
    }
}

/// Tells of domains that look like ours, and looks for accounts in strange hands.
async fn watch_names_and_accounts(alikes: AlikeLetters, stop: CancellationToken) {
    while !wait(WATCH_EVERY, &stop).await {
        match alikes.post().await {
            Ok(0) => {}
            Ok(told) => tracing::warn!(told, "security is told of domains that look like ours"),
            Err(error) => tracing::error!(%error, "cannot tell of look-alikes; they wait still"),
        }
        match judgement::takeover::round(&alikes.store).await {
            Ok(0) => {}
            Ok(cases) => tracing::warn!(cases, "accounts may be in strange hands"),
            Err(error) => tracing::error!(%error, "cannot look for accounts in strange hands"),
        }
    }
}

/// Learns from mail that lies in mailboxes.
async fn learn_history(history: History, stop: CancellationToken) {
    while !wait(STUDY_EVERY, &stop).await {
        while !stop.is_cancelled() {
            match history.step().await {
                Ok(None) => break,
                Ok(Some(learned)) => tracing::debug!(learned, "the trade guard has learned from a mailbox"),
                // Another node was faster, or mail came in meanwhile.
                Err(error) if judgement::history::is_conflict(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "the trade guard cannot learn from a mailbox; it goes on from there");
                    break;
                }
            }
        }
    }
}

/// Tells of complaints about mail of our people.
async fn tell_of_complaints(complaints: Complaints, stop: CancellationToken) {
    while !wait(DIGESTS_EVERY, &stop).await {
        match complaints.post().await {
            Ok(0) => {}
            Ok(told) => tracing::warn!(told, "others complain about mail of our people"),
            Err(error) => tracing::error!(%error, "cannot tell of complaints; they wait still"),
        }
    }
}

/// Takes up rule files of the operator when they change. What cannot be read changes nothing: the rules before stay.
async fn follow_rules(directory: PathBuf, learner: Learner, judge: Arc<Judge>, stop: CancellationToken) {
    let mut follower = RulesFollower::default();
    let (mut is_readable, mut is_first) = (true, true);
    loop {
        let place = directory.clone();
        let files = tokio::task::spawn_blocking(move || rule_files(&place)).await;
        match files.map_err(Refused::because).and_then(|files| files) {
            Ok(files) => {
                is_readable = true;
                match follower.offer(files) {
                    Some(Ok(rules)) => {
                        for broken in rules.broken() {
                            tracing::warn!(rule = broken.id, file = broken.file, "a rule does not keep its examples");
                        }
                        tracing::info!(rules = rules.iter().count(), "rules taken up");
                        judge.set_rules(rules);
                        // What was delivered before the start was judged by these.
                        if !std::mem::take(&mut is_first) {
                            pull_by_rules(&learner).await;
                        }
                    }
                    Some(Err(error)) => tracing::error!(%error, "rules stay as they were"),
                    None => {}
                }
            }
            Err(Refused(error)) => {
                if std::mem::take(&mut is_readable) {
                    tracing::error!(error, "cannot read the rule files; rules stay as they were");
                }
            }
        }
        if wait(RULES_EVERY, &stop).await {
            return;
        }
    }
}

/// Looks for what new rules find in mail that was delivered before.
async fn pull_by_rules(learner: &Learner) {
    match learner.pull_by_rules().await {
        Ok(0) => {}
        Ok(messages) => tracing::warn!(messages, "new rules find something in mail that was delivered before"),
        Err(error) => tracing::error!(%error, "cannot look for what new rules find in mail that was delivered before"),
    }
}

/// Forgets judged messages whose time is over, and deletes what nobody released from quarantine.
async fn tidy(store: Store, settings: Watched<JudgingSettings>, reputation: Arc<Reputation>, stop: CancellationToken) {
    while !wait(TIDY_EVERY, &stop).await {
        match judgement::tidy(&store, &settings.now(), &reputation).await {
            Ok(gone) => tracing::debug!(gone, "old judged and quarantined messages forgotten"),
            Err(error) => tracing::error!(%error, "cannot forget old judged and quarantined messages"),
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
