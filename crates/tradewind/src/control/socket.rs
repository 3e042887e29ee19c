//! The local socket over which the command line reaches the running server: one line of JSON each way.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use api::actions::{Action, Controls, Refused};

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 64 << 10;

/// How long a client may take to say what it wants.
const REQUEST_WAIT: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
enum Answer {
    #[serde(rename = "done")]
    Done(Value),
    #[serde(rename = "refused")]
    Refused(String),
}

/// Where the socket of the server with this data directory is.
pub(crate) fn socket_path(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}

/// The server's end.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens at `path`, readable and writable by the owner alone. The store's lock has shown that no other server runs, so a
    /// socket that is there is a dead one's.
    pub(crate) fn listen(path: PathBuf) -> io::Result<Self> {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers until `stop`.
    pub(crate) async fn serve(self, controls: Controls, stop: CancellationToken) {
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match stream {
                Ok((stream, _)) => {
                    let controls = controls.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, &controls).await {
                            tracing::debug!(%error, "control connection ended early");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a control connection");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        drop(std::fs::remove_file(&self.path));
    }
}

async fn answer(stream: UnixStream, controls: &Controls) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(REQUEST_BYTES_MAX));
    tokio::time::timeout(REQUEST_WAIT, reader.read_line(&mut line)).await??;
    let answer = match serde_json::from_str::<Action>(&line) {
        Ok(action) => match controls.carry_out_as_operator(action).await {
            Ok(value) => Answer::Done(value),
            Err(Refused(why)) => Answer::Refused(why),
        },
        Err(error) => Answer::Refused(format!("the server does not know this request: {error}")),
    };
    let mut text = serde_json::to_string(&answer)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await
}

/// Asks the server behind `path`; `None` if none runs.
pub(crate) async fn ask(path: &Path, action: &Action) -> Option<Result<Value, Refused>> {
    let stream = UnixStream::connect(path).await.ok()?;
    Some(
        exchange(stream, action)
            .await
            .unwrap_or_else(|error| Err(Refused(format!("the running server did not answer: {error}")))),
    )
}

async fn exchange(stream: UnixStream, action: &Action) -> io::Result<Result<Value, Refused>> {
    let (reader, mut writer) = stream.into_split();
    let mut text = serde_json::to_string(action)?;
    text.push('\n');
    writer.write_all(text.as_bytes()).await?;
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).await?;
    Ok(match serde_json::from_str(&line)? {
        Answer::Done(value) => Ok(value),
        Answer::Refused(why) => Err(Refused(why)),
    })
}
