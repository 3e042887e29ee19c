//! The configuration: its file, and settings that are changed while the server runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the manual page of all settings.
    Reference,
    /// Read the file and say what is wrong with it, and what of the store it stands against.
    Check,
    /// Print the settings of the file, defaults included.
    Show,
    /// Show what holds, and from where: one setting, or all.
    Get(GetSettings),
    /// Change a setting while the server runs.
    Set(SetSetting),
    /// Undo the newest change of a setting.
    Undo(UndoSetting),
    /// List changes of a setting, or of all, the newest first.
    History {
        /// The setting, such as judging.keep_days; all if left out.
        name: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Write the whole configuration, without secrets: settings, protection levels, what organisations set.
    Export {
        /// File to write; the standard output if left out.
        #[arg(long, short)]
        output: Option<PathBuf>,
    },
    /// Make the configuration agree with such a file: everything or nothing.
    Import(ImportConfig),
    /// Show what such a file would change, or what another protection level would.
    Diff {
        /// File as `config export` writes it; - for the standard input.
        #[arg(required_unless_present = "level", conflicts_with = "level")]
        file: Option<PathBuf>,
        /// Another protection level: basic, enhanced or trade.
        #[arg(long)]
        level: Option<String>,
        /// The level to begin from; that of the organisation if left out.
        #[arg(long, requires = "level")]
        from: Option<String>,
        /// Organisation, by name; may be left out where there is only one.
        #[arg(long, requires = "level")]
        organisation: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GetSettings {
    /// The setting, such as judging.keep_days; all if left out.
    pub(crate) name: Option<String>,
    /// Those of one section alone, such as judging; `organisation` for what the protection level makes of an organisation.
    #[arg(long, conflicts_with = "name")]
    pub(crate) section: Option<String>,
    /// Those alone whose name or meaning contains this.
    #[arg(long, conflicts_with = "name")]
    pub(crate) search: Option<String>,
    /// Those alone that are not at their defaults, or wait for a restart.
    #[arg(long, conflicts_with = "name")]
    pub(crate) changed: bool,
    /// Organisation, by name; may be left out where there is only one.
    #[arg(long, conflicts_with = "name")]
    pub(crate) organisation: Option<String>,
    /// Language of what is said of them: en or zh.
    #[arg(long, default_value = "en")]
    pub(crate) language: String,
}

#[derive(Debug, Args)]
pub(crate) struct SetSetting {
    /// The setting, such as judging.keep_days.
    pub(crate) name: String,
    /// The value, as in the file; text may stand without quotation marks.
    #[arg(required_unless_present_any = ["default", "secret_stdin"], conflicts_with_all = ["default", "secret_stdin"], allow_hyphen_values = true)]
    pub(crate) value: Option<String>,
    /// What holds without it: the default.
    #[arg(long, conflicts_with = "secret_stdin")]
    pub(crate) default: bool,
    /// Read the value, which is told nobody, from the first line of the standard input.
    #[arg(long)]
    pub(crate) secret_stdin: bool,
    #[command(flatten)]
    pub(crate) why: Why,
}

#[derive(Debug, Args)]
pub(crate) struct UndoSetting {
    /// The setting.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) why: Why,
}

/// How a change is meant.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why; needed to protect less.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// The version that was seen: nothing is changed if there is another. The newest if left out.
    #[arg(long)]
    pub(crate) based_on: Option<i64>,
    /// It may protect less.
    #[arg(long)]
    pub(crate) protect_less: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportConfig {
    /// File as `config export` writes it; - for the standard input.
    pub(crate) file: PathBuf,
    /// Only show what would be changed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Why; needed to protect less.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// It may protect less.
    #[arg(long)]
    pub(crate) protect_less: bool,
}
