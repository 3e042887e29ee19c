//! `tradewind import imap`: one mailbox or those of a table, some at once, with what is known of how far each has come.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use api::actions::{Action, MailToTakeOver, Refused};
use futures_util::{StreamExt, stream};
use provision::csv;
use serde_json::{Value, json};

use crate::cli::ImportImap;
use crate::control::{ask, socket_path};
use crate::print;
use crate::settings::Settings;
use crate::system::System;

/// Between two lines about how far it has come.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Octets of a line with a password or a token.
const SECRET_BYTES_MAX: u64 = 16 << 10;

/// Columns that a table may have.
const COLUMNS: [&str; 5] = ["user", "remote_user", "password", "password_file", "token_file"];

/// Takes over, and tells of each mailbox.
pub(crate) async fn run(options: ImportImap, config: &Path, json: bool) -> Result<ExitCode, Refused> {
    let is_table = options.table.is_some();
    let wanted = wanted(&options)?;
    let way = Arc::new(Way::open(config).await?);
    let users: Vec<String> = wanted.iter().map(|one| one.user.clone()).collect();
    let telling = tokio::spawn(tell(Arc::clone(&way), users));
    let one = |wanted: MailToTakeOver| {
        let way = Arc::clone(&way);
        async move { (wanted.user.clone(), way.act(Action::ImportImap(wanted)).await) }
    };
    let mut outcomes: Vec<(String, Result<Value, Refused>)> =
        stream::iter(wanted.into_iter().map(one)).buffered(usize::from(options.at_once)).collect().await;
    telling.abort();
    drop(telling.await);
    way.close().await;
    if !is_table && let Some((_, outcome)) = outcomes.pop() {
        print::print(&outcome?, json);
        return Ok(ExitCode::SUCCESS);
    }
    let is_whole = outcomes.iter().all(|(_, outcome)| outcome.is_ok());
    let rows: Vec<Value> = outcomes.into_iter().map(|(user, outcome)| row(&user, outcome, json)).collect();
    print::print(&Value::Array(rows), json);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is told of one of many: for people without what would not fit into a line.
fn row(user: &str, outcome: Result<Value, Refused>, json: bool) -> Value {
    let mut row = json!({ "user": user });
    let (Some(row_fields), told) = (row.as_object_mut(), outcome) else { return row };
    match told {
        Ok(Value::Object(told)) => {
            for (name, value) in told {
                match &value {
                    Value::Array(all) if !json => row_fields.insert(name, json!(all.len())),
                    _ => row_fields.insert(name, value),
                };
            }
            row_fields.insert("error".to_owned(), Value::Null);
        }
        Ok(other) => drop(row_fields.insert("answer".to_owned(), other)),
        Err(Refused(why)) => drop(row_fields.insert("error".to_owned(), Value::from(why))),
    }
    row
}

/// The running server, or the store itself where none runs.
enum Way {
    Server(PathBuf),
    Own(Box<System>),
}

impl Way {
    async fn open(config: &Path) -> Result<Self, Refused> {
        let settings = Settings::load(config).map_err(Refused::because)?;
        let socket = socket_path(&settings.server.directory);
        if UnixStream::connect(&socket).is_ok() {
            return Ok(Self::Server(socket));
        }
        Ok(Self::Own(Box::new(System::open(settings).await?)))
    }

    async fn act(&self, action: Action) -> Result<Value, Refused> {
        match self {
            Self::Own(system) => system.controls().carry_out_as_operator(action).await,
            Self::Server(socket) => {
                let gone = || Refused("the server stopped; what was brought is here, run it again".to_owned());
                ask(socket, &action).await.unwrap_or_else(|| Err(gone()))
            }
        }
    }

    async fn close(&self) {
        if let Self::Own(system) = self {
            system.store.close().await;
        }
    }
}

/// Tells people how far it has come, for as long as it goes on.
async fn tell(way: Arc<Way>, users: Vec<String>) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    loop {
        tokio::time::sleep(TELL_EVERY).await;
        for user in &users {
            let Ok(answer) = way.act(Action::ImportShow { user: user.clone() }).await else { continue };
            let Some(running) = answer.get("running").filter(|it| it.is_object()) else { continue };
            let field = |name: &str| running.get(name).map(print::cell).unwrap_or_default();
            let waits = match field("waits_for").as_str() {
                "" => String::new(),
                why => format!(", waits: {why}"),
            };
            eprintln!("{user}: {} ({} brought, {} left out{waits})", field("folder"), field("done"), field("left_out"));
        }
    }
}

/// One request for each mailbox.
fn wanted(options: &ImportImap) -> Result<Vec<MailToTakeOver>, Refused> {
    let authorities: Result<Vec<PathBuf>, _> = options.authorities.iter().map(std::path::absolute).collect();
    let base = MailToTakeOver {
        user: options.user.clone().unwrap_or_default(),
        host: options.host.clone(),
        port: options.port,
        tls: options.tls.into(),
        allow_plain_text: options.allow_plain_text,
        authorities: authorities.map_err(Refused::because)?,
        remote_user: options.remote_user.clone().or_else(|| options.user.clone()).unwrap_or_default(),
        master_user: options.master_user.clone(),
        password: None,
        token: None,
        folders: options.folders.clone(),
        except: options.except.clone(),
        mailbox: options.mailbox.clone(),
        remove_gone: options.remove_gone,
        dry_run: options.dry_run,
    };
    let Some(table) = &options.table else {
        let (password, token) = common_secret(options, true)?;
        return Ok(vec![MailToTakeOver { password, token, ..base }]);
    };
    let named = |why: String| Refused(format!("{}: {why}", table.display()));
    let bytes = std::fs::read(table).map_err(|error| named(error.to_string()))?;
    let rows = rows_of(&bytes).map_err(named)?;
    let has_own = rows.iter().all(|row| COLUMNS[2..].iter().any(|column| row.contains_key(column)));
    let common = if has_own { (None, None) } else { common_secret(options, true)? };
    let beside = table.parent().unwrap_or(Path::new(""));
    rows.into_iter()
        .map(|row| {
            let user = row.get("user").cloned().unwrap_or_default();
            let file = |column| row.get(column).map(|name| first_line(&beside.join(name))).transpose();
            let password = match row.get("password") {
                Some(password) => Some(password.clone()),
                None => file("password_file")?,
            };
            let token = file("token_file")?;
            let (password, token) =
                if password.is_none() && token.is_none() { common.clone() } else { (password, token) };
            let remote_user = row.get("remote_user").cloned().unwrap_or_else(|| user.clone());
            Ok(MailToTakeOver { user, remote_user, password, token, ..base.clone() })
        })
        .collect()
}

/// The rows of a table, what is empty left out.
fn rows_of(bytes: &[u8]) -> Result<Vec<BTreeMap<&'static str, String>>, String> {
    let mut records = csv::read(bytes).map_err(|error| error.to_string())?.into_iter();
    let Some(head) = records.next() else { return Err("it has no lines".to_owned()) };
    let mut columns = Vec::new();
    for name in &head.fields {
        let known = COLUMNS.into_iter().find(|column| column.eq_ignore_ascii_case(name.trim()));
        columns.push(known.ok_or_else(|| format!("line 1: no column {name:?} is known; use {}", COLUMNS.join(", ")))?);
    }
    let mut rows = Vec::new();
    for record in records {
        if record.fields.len() > columns.len() {
            return Err(format!("line {}: more fields than the first line has", record.line));
        }
        let row: BTreeMap<&'static str, String> =
            columns.iter().copied().zip(record.fields).filter(|(_, value)| !value.is_empty()).collect();
        if !row.contains_key("user") {
            return Err(format!("line {}: no user", record.line));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Password or token from a file, the environment, or whoever sits there.
fn common_secret(options: &ImportImap, may_ask: bool) -> Result<(Option<String>, Option<String>), Refused> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(file) = &options.token_file {
        return Ok((None, Some(first_line(file)?)));
    }
    if let Some(file) = &options.password_file {
        return Ok((Some(first_line(file)?), None));
    }
    if let Some(token) = set("TRADEWIND_IMPORT_TOKEN") {
        return Ok((None, Some(token)));
    }
    if let Some(password) = set("TRADEWIND_IMPORT_PASSWORD") {
        return Ok((Some(password), None));
    }
    if may_ask && std::io::stdin().is_terminal() {
        let who = options.master_user.as_deref().or(options.remote_user.as_deref()).or(options.user.as_deref());
        return Ok((Some(asked(&format!("Password of {} at {}: ", who.unwrap_or("all"), options.host))?), None));
    }
    Err(Refused(
        "no password: name a file with --password-file, set TRADEWIND_IMPORT_PASSWORD, or run it where it can ask; a token goes by --token-file"
            .to_owned(),
    ))
}

fn first_line(file: &Path) -> Result<String, Refused> {
    let failed = |error| Refused(format!("{}: {error}", file.display()));
    let mut line = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_line(&mut line).map_err(failed)?;
    } else {
        use std::io::Read as _;
        let bounded = File::open(file).map_err(failed)?.take(SECRET_BYTES_MAX);
        BufReader::new(bounded).read_line(&mut line).map_err(failed)?;
    }
    let secret = line.trim_end_matches(['\r', '\n']).to_owned();
    if secret.is_empty() {
        return Err(Refused(format!("{}: its first line is empty", file.display())));
    }
    Ok(secret)
}

/// Asks at the terminal, which does not show what is typed.
fn asked(question: &str) -> Result<String, Refused> {
    let show = |word: &str| Command::new("stty").arg(word).stdin(Stdio::inherit()).status();
    eprint!("{question}");
    let is_hidden = show("-echo").is_ok_and(|status| status.success());
    if !is_hidden {
        return Err(Refused("the terminal cannot hide what is typed; use --password-file".to_owned()));
    }
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    drop(show("echo"));
    eprintln!();
    read.map_err(Refused::because)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_what_is_wrong_is_told() {
        let rows = rows_of("User,remote_user,password\na@x.test,a,\"p,w\"\nb@x.test,,\n".as_bytes()).unwrap();
        assert_eq!(rows[0]["password"], "p,w");
        assert_eq!(rows[1].keys().copied().collect::<Vec<_>>(), ["user"]);
        for (table, told) in [
            ("", "no lines"),
            ("user,pass\n", "no column \"pass\""),
            ("user\na,b\n", "line 2: more fields"),
            ("user,password\n,x\n", "line 2: no user"),
        ] {
            assert!(rows_of(table.as_bytes()).unwrap_err().contains(told), "{table}");
        }
    }
}
