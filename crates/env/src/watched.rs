//! Values that may be replaced while they are used, such as settings that apply to a running server.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

/// A value that whoever has its [`Publisher`] may replace. Cheap to clone; every clone has the newest.
pub struct Watched<T>(watch::Receiver<Arc<T>>);

impl<T> Watched<T> {
    /// The value now. Whoever does one thing with several parts of it takes it once.
    #[must_use]
    pub fn now(&self) -> Arc<T> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits for another value than the one that was there when this clone was made or last waited; for ever, where none comes any more.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        let mut receiver = self.0.clone();
        receiver.mark_unchanged();
        Self(receiver)
    }
}

impl<T: fmt::Debug> fmt::Debug for Watched<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.now().fmt(formatter)
    }
}

/// One that stays as it is.
impl<T> From<T> for Watched<T> {
    fn from(value: T) -> Self {
        Self(watch::channel(Arc::new(value)).1)
    }
}

/// One that stays as it is.
impl<T: Clone> From<&T> for Watched<T> {
    fn from(value: &T) -> Self {
        value.clone().into()
    }
}

impl<T: Default> Default for Watched<T> {
    fn default() -> Self {
        T::default().into()
    }
}

/// Replaces a value for all who watch it.
#[derive(Debug)]
pub struct Publisher<T>(watch::Sender<Arc<T>>);

impl<T> Publisher<T> {
    /// A value that can be replaced.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(watch::channel(Arc::new(value)).0)
    }

    /// The value, to be watched.
    #[must_use]
    pub fn watched(&self) -> Watched<T> {
        Watched(self.0.subscribe())
    }
}

impl<T: PartialEq> Publisher<T> {
    /// Puts `value` in place of the one before; says whether it is another.
    pub fn publish(&self, value: &T) -> bool
    where
        T: Clone,
    {
        self.0.send_if_modified(|present| {
            let is_other = **present != *value;
            if is_other {
                *present = Arc::new(value.clone());
            }
            is_other
        })
    }
}

/// What is made of a watched value and kept until there is another.
pub struct Derived<T, U> {
    source: Watched<T>,
    make: fn(&T) -> U,
    kept: Mutex<(Arc<T>, Arc<U>)>,
}

impl<T, U> Derived<T, U> {
    /// What `make` makes of `source`.
    #[must_use]
    pub fn new(source: Watched<T>, make: fn(&T) -> U) -> Self {
        let present = source.now();
        let made = Arc::new(make(&present));
        Self { source, make, kept: Mutex::new((present, made)) }
    }

    /// What it is now.
    #[must_use]
    pub fn now(&self) -> Arc<U> {
        let present = self.source.now();
        let mut kept = self.kept.lock();
        if !Arc::ptr_eq(&kept.0, &present) {
            let made = Arc::new((self.make)(&present));
            *kept = (present, made);
        }
        Arc::clone(&kept.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_sees_the_newest_value() {
        let publisher = Publisher::new(1);
        let (watched, lengths) = (publisher.watched(), Derived::new(publisher.watched(), |number| vec![0_u8; *number]));
        let other = watched.clone();
        assert_eq!((*other.now(), lengths.now().len()), (1, 1));
        assert!(publisher.publish(&2) && !publisher.publish(&2), "the same is no change");
        assert_eq!((*watched.now(), *other.now(), lengths.now().len()), (2, 2, 2));
        assert!(Arc::ptr_eq(&lengths.now(), &lengths.now()), "it is made once");
    }

    #[tokio::test]
    async fn waiting_ends_with_another_value_and_goes_on_without() {
        let publisher = Publisher::new("a");
        let mut watched = publisher.watched();
        publisher.publish(&"b");
        watched.changed().await;
        assert_eq!(*watched.now(), "b");
        drop(publisher);
        let mut fixed = Watched::from(3);
        tokio::select! {
            biased;
            () = watched.changed() => panic!("nobody publishes any more"),
            () = fixed.changed() => panic!("it is fixed"),
            () = tokio::task::yield_now() => {}
        }
        assert_eq!((*watched.now(), *fixed.now()), ("b", 3), "what was there last stays");
    }
}
