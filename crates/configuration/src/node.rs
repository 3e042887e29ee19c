use std::collections::BTreeMap;

use async_trait::async_trait;
use toml::Value;

use crate::Schema;

/// Values by the names of their settings.
pub type Values = BTreeMap<String, Value>;

/// What a node's file says of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct OfFile {
    /// The line on which it stands, counted from 1.
    pub line: usize,
    /// What stands there.
    pub value: Value,
}

/// A node, as far as its settings go. The program that reads the file is one.
#[async_trait]
pub trait Node: Send + Sync {
    /// All settings.
    fn schema(&self) -> &Schema;

    /// Its number.
    fn number(&self) -> u16;

    /// The name of its file.
    fn file(&self) -> String;

    /// What its file says of a setting; none where it leaves it out.
    fn of_file(&self, name: &str) -> Option<OfFile>;

    /// What holds where the store has nothing: what the file says, or the default. None where the setting is not set.
    fn base(&self, name: &str) -> Option<Value>;

    /// What holds on this node now.
    fn in_force(&self, name: &str) -> Option<Value>;

    /// Values of the store that do not hold here, with the reason: the file says something else, or they cannot be with it.
    fn unfit(&self) -> BTreeMap<String, String>;

    /// Whether everything can be with these values of the store.
    ///
    /// # Errors
    /// A sentence in the words that the file would be refused with.
    fn check(&self, stored: &Values) -> Result<(), String>;

    /// Takes up now what the store has. A node that runs does so by itself; what cannot be taken up is told in the log.
    async fn take_up(&self);
}
