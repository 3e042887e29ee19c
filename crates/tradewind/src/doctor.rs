//! `tradewind check`: whether everything around the server is as it must be, and what to do where it is not.

mod backups;
mod checks;
mod inspection;
mod machine;
mod people;
mod seen;
mod settings;
mod world;

use env::{Clock, SystemClock};
pub(crate) use inspection::confinement;
pub(crate) use machine::{clock, permissions};
use serde_json::{Value, json};

use crate::control::{ask, socket_path};
use crate::settings::Settings;
use crate::system::{System, resolver};
use crate::texts::Texts;
use api::actions::{Action, Refused};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Sound,
    Wrong,
    /// Cannot be told from here.
    Unknown,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    /// What exactly: a file, a record, an address.
    pub(crate) object: String,
    pub(crate) state: State,
    /// What was found, where that says more than the state.
    pub(crate) found: String,
    /// Key of the text that says what to do.
    pub(crate) remedy: &'static str,
}

impl Finding {
    pub(super) fn new(check: &'static str, object: impl Into<String>, state: State, remedy: &'static str) -> Self {
        Self { check, object: object.into(), state, found: String::new(), remedy }
    }

    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        self
    }
}

/// All findings, as rows; and whether none is wrong.
pub(crate) async fn run(settings: &Settings, offline: bool) -> Result<(Value, bool), Refused> {
    let texts = Texts::from_environment();
    let now = SystemClock.now();
    let mut findings = machine::permissions(settings);
    findings.extend(machine::certificate(settings, now));
    findings.extend(machine::ports(settings).await);
    findings.push(machine::disk(settings));
    findings.push(machine::clock(settings, now));
    findings.extend(people::second_factors(settings).await);
    findings.extend(backups::backups(settings).await);
    findings.extend(settings::settings(settings).await);
    findings.push(inspection::confinement(settings));
    findings.extend(inspection::yara(settings));
    findings.extend(checks::findings_of(settings, texts.language()).await);
    if !offline {
        let dns = resolver(&settings.dns)?;
        findings.push(world::dnssec(&dns).await);
        findings.extend(world::tlsa(&dns, settings).await);
        findings.extend(seen::findings(&ask_or_act(settings, Action::EvidenceLook).await?));
        findings.push(world::port_25_outward(&dns).await);
    }
    let is_sound = findings.iter().all(|finding| finding.state != State::Wrong);
    let rows = findings.iter().map(|finding| {
        let remedy = match finding.state {
            State::Sound => String::new(),
            _ => texts.say(finding.remedy, &[("object", &finding.object), ("host", &settings.server.hostname)]),
        };
        json!({
            "check": finding.check,
            "object": finding.object,
            "state": finding.state.word(),
            "found": finding.found,
            "remedy": remedy,
        })
    });
    Ok((rows.collect(), is_sound))
}

/// What the running server answers to `action`, or the store if none runs.
pub(crate) async fn ask_or_act(settings: &Settings, action: Action) -> Result<Value, Refused> {
    if let Some(answer) = ask(&socket_path(&settings.server.directory), &action).await {
        return answer;
    }
    let system = System::open(settings.clone()).await?;
    let answer = system.controls().carry_out_as_operator(action).await;
    system.store.close().await;
    answer
}
