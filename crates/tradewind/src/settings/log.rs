//! The log, of which another level can be asked while the server runs.

use std::sync::Arc;

use tracing_subscriber::EnvFilter;

use super::LogSettings;

/// Asks for another level of the log.
#[derive(Clone)]
pub(crate) struct LogSwitch(Arc<dyn Fn(EnvFilter) -> bool + Send + Sync>);

impl LogSwitch {
    /// Logs from now on what `level` says.
    pub(crate) fn set(&self, level: &str) {
        let is_set = EnvFilter::try_new(level).is_ok_and(|filter| self.0(filter));
        if is_set {
            tracing::info!(level, "the log has another level");
        } else {
            tracing::error!(level, "the level of the log cannot be changed; it stays as it was");
        }
    }
}

/// Begins to log on standard error as the settings say.
pub(crate) fn start_log(settings: &LogSettings) -> LogSwitch {
    let filter = EnvFilter::try_new(&settings.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let (switch, is_started): (Arc<dyn Fn(EnvFilter) -> bool + Send + Sync>, bool) = if settings.format == "json" {
        let log = log.json().with_filter_reloading();
        let handle = log.reload_handle();
        (Arc::new(move |filter| handle.reload(filter).is_ok()), log.try_init().is_ok())
    } else {
        let log = log.with_ansi(false).with_filter_reloading();
        let handle = log.reload_handle();
        (Arc::new(move |filter| handle.reload(filter).is_ok()), log.try_init().is_ok())
    };
    if !is_started {
        eprintln!("tradewind: a log is being written already");
    }
    LogSwitch(switch)
}
