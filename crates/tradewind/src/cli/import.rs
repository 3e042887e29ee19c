//! The command line of mail that is brought from elsewhere and taken out.

use std::path::PathBuf;

use api::actions::{Action, MailForm, MailToImport, MailToTakeOut, Refused, TlsForm};
use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    /// From an mbox file (RFC 4155), or a directory of such files.
    Mbox(Import),
    /// From a Maildir, its subfolders included.
    Maildir(Import),
    /// From an archive (ZIP) of single messages, as the export makes it, or others with .eml files in directories.
    Zip(Import),
    /// From another server by IMAP: what is new or changed since the last time.
    Imap(Box<ImportImap>),
    /// Show what is being brought or taken out for an account, and from where mail was taken over.
    Status {
        /// Address of the account.
        #[arg(long)]
        user: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// File or directory.
    path: PathBuf,
    /// Address of the account.
    #[arg(long)]
    user: String,
    /// Mailbox below which it goes; with INBOX, folders go where they belong.
    #[arg(long, default_value = "INBOX")]
    mailbox: String,
    /// Only count what would be brought.
    #[arg(long)]
    dry_run: bool,
}

/// One mailbox, or those of a table with the columns user, remote_user, password, password_file, token_file.
#[derive(Debug, Args)]
pub(crate) struct ImportImap {
    /// Name of the other server, as its certificate has it.
    #[arg(long)]
    pub(crate) host: String,
    /// Its port; 993, or 143 without implicit TLS, if left out.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// How the connection is protected.
    #[arg(long, value_enum, default_value = "implicit")]
    pub(crate) tls: Tls,
    /// Let the password go without TLS, where everybody on the way can read it.
    #[arg(long)]
    pub(crate) allow_plain_text: bool,
    /// File with certificates that vouch for the server besides the usual ones.
    #[arg(long = "ca")]
    pub(crate) authorities: Vec<PathBuf>,
    /// Address of the account here.
    #[arg(long, required_unless_present = "table")]
    pub(crate) user: Option<String>,
    /// Name of the user there; the address here if left out.
    #[arg(long)]
    pub(crate) remote_user: Option<String>,
    /// Many mailboxes: a CSV file with a header line.
    #[arg(long, conflicts_with_all = ["user", "remote_user"])]
    pub(crate) table: Option<PathBuf>,
    /// Mailboxes of a table that are worked on at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) at_once: u8,
    /// Sign in as this user for others (a master user of Dovecot); the password is this one's.
    #[arg(long)]
    pub(crate) master_user: Option<String>,
    /// File with the password in its first line; "-" is standard input. Otherwise it is taken from TRADEWIND_IMPORT_PASSWORD, or asked for.
    #[arg(long)]
    pub(crate) password_file: Option<PathBuf>,
    /// File with an access token (OAuth 2.0) in its first line, in place of a password; or TRADEWIND_IMPORT_TOKEN.
    #[arg(long, conflicts_with_all = ["password_file", "master_user"])]
    pub(crate) token_file: Option<PathBuf>,
    /// Only this folder there and what lies below it; may be given several times.
    #[arg(long = "folder")]
    pub(crate) folders: Vec<String>,
    /// Not this folder; may be given several times.
    #[arg(long)]
    pub(crate) except: Vec<String>,
    /// Mailbox below which all goes, instead of where it belongs.
    #[arg(long)]
    pub(crate) mailbox: Option<String>,
    /// Remove here what was brought and is gone there since. It can be recovered like all removed mail.
    #[arg(long)]
    pub(crate) remove_gone: bool,
    /// Only count what would be brought.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Tls {
    /// TLS from the beginning.
    Implicit,
    /// By STARTTLS.
    Starttls,
    /// Not at all.
    None,
}

impl From<Tls> for TlsForm {
    fn from(tls: Tls) -> Self {
        match tls {
            Tls::Implicit => Self::Implicit,
            Tls::Starttls => Self::StartTls,
            Tls::None => Self::None,
        }
    }
}

impl ImportCommand {
    /// As an action, unless it is one for each of several accounts.
    pub(crate) fn action(self) -> Result<Action, Refused> {
        let (format, import) = match self {
            Self::Mbox(import) => (MailForm::Mbox, import),
            Self::Maildir(import) => (MailForm::Maildir, import),
            Self::Zip(import) => (MailForm::Zip, import),
            Self::Status { user } => return Ok(Action::ImportShow { user }),
            Self::Imap(_) => return Err(Refused("an import by IMAP has actions of its own".to_owned())),
        };
        let Import { path, user, mailbox, dry_run } = import;
        // The running server may have another working directory.
        let path = std::path::absolute(path).map_err(Refused::because)?;
        Ok(Action::Import(MailToImport { format, path, user, mailbox, dry_run }))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// As mbox: a file for one folder, a directory of files for all.
    Mbox(Export),
    /// As a Maildir with subfolders (Maildir++).
    Maildir(Export),
    /// As an archive (ZIP) of single messages, with a list of folders, flags, dates and hashes.
    Zip(Export),
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// File or directory that is made; nothing may be there.
    path: PathBuf,
    /// Address of the account.
    #[arg(long)]
    user: String,
    /// One folder alone.
    #[arg(long)]
    folder: Option<String>,
    /// Why; for the audit log and for the owner, who is told.
    #[arg(long)]
    reason: String,
}

impl ExportCommand {
    pub(crate) fn action(self) -> Result<Action, Refused> {
        let (format, export) = match self {
            Self::Mbox(export) => (MailForm::Mbox, export),
            Self::Maildir(export) => (MailForm::Maildir, export),
            Self::Zip(export) => (MailForm::Zip, export),
        };
        let Export { path, user, folder, reason } = export;
        let path = std::path::absolute(path).map_err(Refused::because)?;
        Ok(Action::Export(MailToTakeOut { user, folder, format, path, reason }))
    }
}
