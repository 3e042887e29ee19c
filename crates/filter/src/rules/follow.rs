//! Rule files of an operator that change while mail is judged.

use std::sync::Arc;

use super::{RuleError, Rules, Source};

/// Takes new files up when they differ from those before; what is wrong changes nothing.
#[derive(Debug, Default)]
pub struct RulesFollower {
    before: Option<Vec<Source>>,
}

impl RulesFollower {
    /// The rules that are shipped with the files as they are now; none if they are as they were when last asked.
    ///
    /// # Errors
    /// When a file is wrong. It is told once, not each time, until the files change again.
    pub fn offer(&mut self, files: Vec<Source>) -> Option<Result<Arc<Rules>, RuleError>> {
        if self.before.as_ref() == Some(&files) {
            return None;
        }
        let read = Rules::with(&files).map(Arc::new);
        self.before = Some(files);
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_taken_up_and_faults_told_once() {
        let files = |text: &str| vec![Source { name: "own.toml".to_owned(), text: text.to_owned() }];
        let mut follower = RulesFollower::default();
        assert!(matches!(follower.offer(Vec::new()), Some(Ok(_))));
        assert!(follower.offer(Vec::new()).is_none());
        let off = follower.offer(files("[change.casino]\noff = true\n"));
        assert!(
            off.is_some_and(|read| read.is_ok_and(|rules| rules.iter().any(|rule| rule.id == "casino" && rule.is_off)))
        );
        assert!(matches!(follower.offer(files("[change.casin]\noff = true\n")), Some(Err(_))));
        assert!(follower.offer(files("[change.casin]\noff = true\n")).is_none());
        assert!(matches!(follower.offer(Vec::new()), Some(Ok(_))));
    }
}
