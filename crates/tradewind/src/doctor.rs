//! `tradewind check`: whether everything around the server is as it must be, and what to do where it is not.

mod backups;
mod inspection;
mod keys;
mod machine;
mod people;
mod settings;
mod world;

use env::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::control::{ask, socket_path};
use crate::settings::Settings;
use crate::system::{System, home_domain, resolver};
use crate::texts::Texts;
use api::actions::{Action, Refused};

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
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
pub(super) struct Finding {
    pub(super) check: &'static str,
    /// What exactly: a file, a record, an address.
    pub(super) object: String,
    pub(super) state: State,
    /// What was found, where that says more than the state.
    pub(super) found: String,
    /// Key of the text that says what to do.
    pub(super) remedy: &'static str,
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
    if !offline {
        let dns = resolver(&settings.dns)?;
        findings.push(world::dnssec(&dns).await);
        findings.extend(world::host(&dns, &settings.server.hostname).await);
        findings.extend(world::tlsa(&dns, settings).await);
        let policy = settings.http.mta_sts_policy(&settings.server.hostname).id();
        let keys = ask_or_act(settings, Action::DkimList { domain: None }).await?;
        for domain in domains(settings).await? {
            findings.extend(world::domain(&dns, &domain, &settings.server.hostname).await);
            findings.extend(world::policy(&dns, &domain, &policy).await);
            findings.extend(keys::records(&dns, &keys, &domain).await);
        }
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

/// The mail domains, from the running server or from the store; the host's own domain if there are none.
async fn domains(settings: &Settings) -> Result<Vec<String>, Refused> {
    let answer = ask_or_act(settings, Action::DomainList).await?;
    let rows = answer.as_array().cloned().unwrap_or_default();
    let mut domains: Vec<String> =
        rows.iter().filter_map(|row| row.get("domain")?.as_str().map(str::to_owned)).collect();
    if domains.is_empty() {
        domains.push(home_domain(&settings.server.hostname).to_owned());
    }
    Ok(domains)
}
