//! The program: settings, wiring, command line.

mod audit;
mod backup;
mod check_auth;
mod cli;
mod configuring;
mod control;
mod credentials;
mod doctor;
mod evidence_files;
mod feeds;
mod gm_certificate;
mod guard;
mod health;
mod http;
mod judging;
mod keys;
mod metrics;
mod moving;
mod print;
mod quickstart;
mod recover;
mod restore;
mod serve;
mod settings;
mod standby;
mod surroundings;
mod system;
mod texts;
mod tlsa;
mod zone;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use api::actions::{Action, NewListed, NewTarget, NewUser, Refused};
use clap::Parser;
use serde_json::{Value, json};

use crate::cli::{
    Cli, Command, DkimCommand, DnsCommand, DomainCommand, ForwardCommand, GuardCommand, ImportCommand, JudgeOptions,
    ListCommand, OrganisationCommand, QueueCommand, ReportCommand, ReviewOptions, SignInsCommand, StoreCommand,
    SubjectCommand, TlsCommand, UserCommand,
};
use crate::control::{ask, socket_path};
use crate::settings::{Settings, start_log};
use crate::system::System;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before there is a second thread: it gives everything up but the one it has.
    if let Command::InspectWorker(options) = &cli.command {
        return judging::work(options);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(Refused(why)) => complain(&why),
    }
}

fn complain(why: &str) -> ExitCode {
    eprintln!("tradewind: {why}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> Result<ExitCode, Refused> {
    let Cli { config, json, command } = cli;
    match command {
        Command::Quickstart(options) => quickstart::run(options, json).await,
        Command::Serve => {
            let settings = Settings::load(&config).map_err(Refused::because)?;
            let log = start_log(&settings.log);
            serve::Server::start(settings, log).await?.until_told_to_stop().await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check(options) => {
            let settings = Settings::load(&config).map_err(Refused::because)?;
            let (findings, is_sound) = doctor::run(&settings, options.offline).await?;
            print::print(&findings, json);
            Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Config(command) => configuring::run(command, &config, json).await,
        Command::Dns(DnsCommand::Zone { domain }) => tell_zone(&domain, &config).await,
        Command::Dns(DnsCommand::Tlsa { next }) => {
            let settings = Settings::load(&config).map_err(Refused::because)?;
            if next {
                certs::prepare_next(&settings.tls.key).map_err(Refused::because)?;
            }
            tell_tlsa(&settings, json)
        }
        Command::Tls(TlsCommand::GmCertificate { names, person }) => {
            let settings = Settings::load(&config).map_err(Refused::because)?;
            gm_certificate::issue(&settings, names, person, json)
        }
        Command::CheckAuth(options) => check_auth::run(&options, json).await,
        Command::Judge(JudgeOptions { again: Some(id), language, .. }) => {
            let answer = act(&config, Action::JudgedShow { id, address: None, again: true, language }).await?;
            let is_other = answer.get("same_verdict") == Some(&Value::Bool(false));
            print::print(&answer, json);
            Ok(if is_other { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        Command::Judge(options) => judging::judge(&options, json),
        Command::Guard(GuardCommand::Replay(options)) => crate::guard::replay(&options, json),
        Command::Model(command) => judging::model(&command, json),
        Command::Rules(command) => judging::rules(&command, json),
        Command::Feeds(command) => {
            let settings = Settings::load(&config).map_err(Refused::because)?;
            feeds::run(&command, &settings, json).await
        }
        Command::Audit(command) => audit::run(command, &config, json).await,
        Command::Evidence(command) => evidence_files::run(command, &config, json).await,
        Command::Keys(command) => {
            let settings = Settings::load(&config).map_err(Refused::because)?;
            keys::run(command, &settings, &config, json).await
        }
        Command::Templates(command) => judging::templates(&command, json),
        Command::Import(ImportCommand::Imap(options)) => moving::run(*options, &config, json).await,
        Command::Restore(options) => restore::restore(options, json).await,
        Command::Standby(command) => standby::run(command, json).await,
        Command::Outbound(command) => tell_outbound(command, &config, json).await,
        Command::Subject(SubjectCommand::Verify { proof, key }) => verify_proof(&proof, &key, json),
        command => {
            let output = review_output(&command);
            let is_csv = matches!(&command, Command::Access(access) if access.is_csv());
            let action = action(command)?;
            let is_check = matches!(
                action,
                Action::StoreCheck { .. } | Action::StoreScrub | Action::BackupCheck { .. } | Action::BackupRehearse
            );
            let answer = act(&config, action).await?;
            if let Some(output) = output {
                return write_review(&answer, output, json);
            }
            match answer.get("csv").and_then(Value::as_str) {
                // A file as it is.
                Some(text) if !json => print!("{text}"),
                _ if is_csv => print::print_csv(&answer),
                _ => print::print(&answer, json),
            }
            let failed = is_check && answer.get("sound") == Some(&Value::Bool(false));
            Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
    }
}

/// Carries out what a command about outbound mail comes to, which may be several requests.
async fn tell_outbound(command: cli::OutboundCommand, config: &Path, json: bool) -> Result<ExitCode, Refused> {
    for action in command.actions()? {
        print::print(&act(config, action).await?, json);
    }
    Ok(ExitCode::SUCCESS)
}

/// The records that the zone of a domain is to have.
async fn tell_zone(domain: &str, config: &Path) -> Result<ExitCode, Refused> {
    let settings = Settings::load(config).map_err(Refused::because)?;
    let keys = act(config, Action::DkimList { domain: Some(domain.to_owned()) }).await?;
    println!("{}", quickstart::zone_of(&settings, domain, &keys)?);
    Ok(ExitCode::SUCCESS)
}

/// The TLSA records that the zone is to have.
fn tell_tlsa(settings: &Settings, json: bool) -> Result<ExitCode, Refused> {
    let host = &settings.server.hostname;
    let all = tlsa::all_tlsa_of(settings)?;
    let records: Vec<String> = all.iter().map(|one| zone::tlsa_record(host, &tlsa::tlsa_value(one))).collect();
    if json {
        println!("{}", json!({ "records": records }));
    } else {
        println!("{}", records.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Has the running server carry `action` out, or does it here if none runs.
pub(crate) async fn act(config: &Path, action: Action) -> Result<Value, Refused> {
    let settings = Settings::load(config).map_err(Refused::because)?;
    if let Some(answer) = ask(&socket_path(&settings.server.directory), &action).await {
        return answer;
    }
    let system = System::open(settings).await?;
    let answer = system.controls().carry_out_as_operator(action).await;
    system.store.close().await;
    answer
}

/// What the command line asks for, as an action.
fn action(command: Command) -> Result<Action, Refused> {
    Ok(match command {
        Command::Organisation(OrganisationCommand::List) => Action::OrganisationList,
        Command::Organisation(OrganisationCommand::Level { level, organisation }) => {
            Action::OrganisationLevel { level, organisation }
        }
        Command::Organisation(OrganisationCommand::Authority(command)) => command.into_action()?,
        Command::Domain(DomainCommand::Add { domain, organisation }) => Action::DomainAdd { domain, organisation },
        Command::Domain(DomainCommand::List) => Action::DomainList,
        Command::Domain(DomainCommand::Remove { domain }) => Action::DomainRemove { domain },
        Command::User(command) => user_action(command)?,
        Command::Access(command) => command.into(),
        Command::Backup(command) => command.into(),
        Command::Role(command) => command.into(),
        Command::Grant(command) => command.into(),
        Command::Approval(command) => command.into(),
        Command::Oauth(command) => command.into_action(),
        Command::Group(command) => command.into(),
        Command::Shared(command) => command.into(),
        Command::Delegation(command) => command.into(),
        Command::Service(command) => command.into(),
        Command::Directory(command) => command.action()?,
        Command::Smime(command) => command.action()?,
        Command::Protection(command) => command.action(),
        Command::Connector(command) => command.action()?,
        Command::Region(command) => command.action(),
        Command::Provision(command) => command.into(),
        Command::List(command) => list_action(command),
        Command::SignIns(command) => sign_in_action(command),
        Command::Trace(command) => command.action(),
        Command::Page(command) => command.action(),
        Command::Quarantine(command) => command.into(),
        Command::Guard(command) => command.action().ok_or_else(|| Refused("replay needs no server".to_owned()))?,
        Command::Judging(command) => command.into(),
        Command::Reputation(command) => command.into(),
        Command::Hold(command) => command.into(),
        Command::Journal(command) => command.into(),
        Command::Investigation(command) => command.into(),
        Command::Subject(command) => command.action()?,
        Command::Retention(command) => command.into(),
        Command::Space(command) => command.into(),
        Command::Recover(command) => command.into(),
        Command::Complaint(command) => command.into(),
        Command::Queue(command) => match command {
            QueueCommand::List => Action::QueueList,
            QueueCommand::Show { id } => Action::QueueShow { id },
            QueueCommand::Hold { id } => Action::QueueHold { id },
            QueueCommand::Release { id } => Action::QueueRelease { id },
            QueueCommand::Retry { id } => Action::QueueRetry { id },
            QueueCommand::Expire { id } => Action::QueueExpire { id },
            QueueCommand::Cancel { id, .. } => Action::QueueCancel { id },
        },
        Command::Import(command) => command.action()?,
        Command::Export(command) => command.action()?,
        Command::Dkim(command) => match command {
            DkimCommand::List { domain } => Action::DkimList { domain },
            DkimCommand::Add { domain } => Action::DkimAdd { domain },
            DkimCommand::Rotate { domain } => Action::DkimRotate { domain },
            DkimCommand::Retire { domain, selector, .. } => Action::DkimRetire { domain, selector },
        },
        Command::Dns(DnsCommand::Blocklists { look: false }) => Action::BlocklistList,
        Command::Dns(DnsCommand::Blocklists { look: true }) => Action::BlocklistLook,
        Command::Openpgp(command) => command.into_action()?,
        Command::OnReceipt(command) => command.into_action()?,
        Command::Report(ReportCommand::Dmarc { days }) => Action::ReportDmarc { days },
        Command::Report(ReportCommand::Failures { days }) => Action::ReportFailures { days },
        Command::Report(ReportCommand::Send { today }) => Action::ReportSend { today },
        Command::Store(StoreCommand::Check { deep }) => Action::StoreCheck { deep },
        Command::Store(StoreCommand::Scrub) => Action::StoreScrub,
        Command::Store(StoreCommand::Collect) => Action::StoreCollect,
        Command::Rehearse => Action::BackupRehearse,
        Command::Overview { language } => Action::Overview { language },
        Command::OverviewReport(command) => command.action(),
        Command::Report(ReportCommand::Tls { send_now: false }) => Action::ReportTls,
        Command::Report(ReportCommand::Tls { send_now: true }) => Action::ReportTlsSend,
        _ => return Err(Refused("this command is not an action".to_owned())),
    })
}

fn sign_in_action(command: SignInsCommand) -> Action {
    match command {
        SignInsCommand::List { address, organisation, days, odd } => {
            Action::SignInList { address, organisation, days, odd }
        }
        SignInsCommand::Show { address, id, language } => Action::SignInShow { address, id, language },
        SignInsCommand::Mine { address, id } => Action::SignInAnswer { address, id, mine: true },
        SignInsCommand::NotMine { address, id } => Action::SignInAnswer { address, id, mine: false },
        SignInsCommand::Review(ReviewOptions { period, organisation, language, format, .. }) => {
            Action::SignInReview { period, organisation, language, format }
        }
        SignInsCommand::AccessReview(ReviewOptions { period, organisation, language, format, .. }) => {
            Action::AccessReport { period, organisation, language, format }
        }
    }
}

/// Whether the answer is a review to be written, and the file if one is named.
fn review_output(command: &Command) -> Option<Option<PathBuf>> {
    match command {
        Command::SignIns(SignInsCommand::Review(options) | SignInsCommand::AccessReview(options)) => {
            Some(options.output.clone())
        }
        Command::Subject(SubjectCommand::Report { output, .. } | SubjectCommand::Processing { output, .. }) => {
            Some(output.clone())
        }
        _ => None,
    }
}

/// Verifies a proof of erasure with nothing but the audit log's public key.
fn verify_proof(proof: &Path, key: &str, json: bool) -> Result<ExitCode, Refused> {
    let key = ::audit::PublicKey::parse(key).map_err(Refused::because)?;
    let octets = std::fs::read(proof).map_err(|error| Refused(format!("{}: {error}", proof.display())))?;
    match subjects::verify_proof(&octets, &key) {
        Ok(statement) => {
            let complete = statement.is_complete();
            print::print(&json!({ "verified": true, "complete": complete, "statement": statement }), json);
            Ok(ExitCode::SUCCESS)
        }
        Err(fault) => {
            print::print(&json!({ "verified": false, "fault": fault.to_string() }), json);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Writes a review; "-" is standard output.
fn write_review(answer: &Value, output: Option<PathBuf>, json: bool) -> Result<ExitCode, Refused> {
    use base64::Engine as _;
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = base64::engine::general_purpose::STANDARD.decode(field("base64")).map_err(Refused::because)?;
    let path = output.unwrap_or_else(|| PathBuf::from(field("file")));
    if path == Path::new("-") {
        std::io::Write::write_all(&mut std::io::stdout(), &bytes).map_err(Refused::because)?;
    } else {
        std::fs::write(&path, &bytes).map_err(|error| Refused(format!("cannot write {}: {error}", path.display())))?;
        print::print(&json!({ "file": path.display().to_string() }), json);
    }
    Ok(ExitCode::SUCCESS)
}

fn list_action(command: ListCommand) -> Action {
    match command {
        ListCommand::Add(options) => Action::ListAdd(NewListed {
            effect: options.place.list,
            kind: options.place.kind,
            value: options.place.value,
            organisation: options.place.organisation,
            owner: options.owner,
            reason: options.reason,
            expires_days: options.expires,
            unauthenticated: options.unauthenticated,
            despite_policy: options.despite_policy,
        }),
        ListCommand::Remove(place) => Action::ListRemove {
            effect: place.list,
            kind: place.kind,
            value: place.value,
            organisation: place.organisation,
        },
        ListCommand::Show { organisation } => Action::ListShow { organisation },
    }
}

fn forward_action(command: ForwardCommand) -> Action {
    match command {
        ForwardCommand::Add { address, target, no_copy, expires, by } => {
            Action::ForwardAdd(NewTarget { address, target, keeps_copy: !no_copy, expires_days: expires, by })
        }
        ForwardCommand::Remove { address, target, by } => Action::ForwardRemove { address, target, by },
        ForwardCommand::List { address } => Action::ForwardList { address },
    }
}

fn user_action(command: UserCommand) -> Result<Action, Refused> {
    Ok(match command {
        UserCommand::Add { address, name, role, language, quota_mib, password_stdin } => {
            let password = read_password(password_stdin)?;
            Action::UserAdd(NewUser { address, name, role, language, quota_mib, password })
        }
        UserCommand::List => Action::UserList,
        UserCommand::Password { address, password_stdin } => {
            Action::UserPassword { address, password: read_password(password_stdin)? }
        }
        UserCommand::AliasAdd { address, alias } => Action::AliasAdd { address, alias },
        UserCommand::AliasRemove { alias } => Action::AliasRemove { alias },
        UserCommand::Factor(command) => command.into_action(),
        UserCommand::Forward(command) => forward_action(command),
        UserCommand::Role { address, role, exception } => Action::UserRole { address, role, exception },
        UserCommand::Session(command) => command.into_action(),
        UserCommand::AppPassword(command) => command.into_action(),
        UserCommand::Program(command) => command.into_action(),
        UserCommand::Disable { address } => Action::UserState { address, enabled: false },
        UserCommand::Enable { address } => Action::UserState { address, enabled: true },
        UserCommand::Unfreeze { address, keep_password } => Action::UserUnfreeze { address, keep_password },
        UserCommand::Quota { address, mib } => Action::UserQuota { address, mib },
        UserCommand::Show { address } => Action::UserShow { address },
        UserCommand::Delete { address, .. } => Action::UserDelete { address },
    })
}

fn read_password(from_stdin: bool) -> Result<Option<String>, Refused> {
    if !from_stdin {
        return Ok(None);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(Refused::because)?;
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    /// Two options of one name and the like are told when a command is looked at, so each is.
    #[test]
    fn every_command_is_well_formed() {
        Cli::command().debug_assert();
    }
}
