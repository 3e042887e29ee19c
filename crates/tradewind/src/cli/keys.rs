//! The command line of keys at rest.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// What holds the region key, how many generations it has, and its fingerprint.
    Show,
    /// Have something else hold the region key. Nothing is encrypted anew.
    Move(MoveKey),
    /// Give the region key a new generation, which waits until it is put into force; or a person's or company's key one, which is in force
    /// two minutes later.
    Rotate {
        /// The key of this account's mail.
        #[arg(long, conflicts_with = "organisation")]
        address: Option<String>,
        /// The key of this company.
        #[arg(long)]
        organisation: Option<String>,
    },
    /// Put the region key's waiting generation into force. Every node must have the file by then.
    Activate,
    /// Have the running server take up the region key from its file.
    TakeUp,
    /// Split the region key into printed shares for people who keep them apart.
    Split {
        /// How many shares.
        #[arg(long, default_value_t = 5)]
        shares: u8,
        /// How many of them give the key back.
        #[arg(long, default_value_t = 3)]
        threshold: u8,
        /// Directory for one text file each, to be printed and destroyed.
        #[arg(long)]
        output: PathBuf,
    },
    /// Put the region key together from files with shares.
    Combine {
        /// The files.
        files: Vec<PathBuf>,
        /// Where the key file is written; must not exist.
        #[arg(long)]
        output: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MoveKey {
    /// What is to hold it.
    #[arg(long)]
    pub(crate) to: NewHolder,
    /// Label of the token.
    #[arg(long, required_if_eq("to", "pkcs11"))]
    pub(crate) token: Option<String>,
    /// Label of the key on the token.
    #[arg(long, required_if_eq("to", "pkcs11"))]
    pub(crate) key: Option<String>,
    /// Make that key on the token first.
    #[arg(long)]
    pub(crate) make: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NewHolder {
    /// The file itself, in clear.
    File,
    /// A key on a token (PKCS#11).
    Pkcs11,
    /// A service of keys, by the program in keys.command.
    Program,
}
