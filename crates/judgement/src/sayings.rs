use identity::Language;

/// What keys of texts say. The catalogue of findings belongs to whoever shows them.
pub trait Sayings: Send + Sync {
    /// What `key` says in `language`, its places filled in.
    fn say(&self, key: &str, language: Language, values: &[(&str, &str)]) -> String;
}
