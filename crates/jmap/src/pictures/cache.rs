//! Pictures that were fetched not long ago, within a number of bytes. The same picture is asked for once, whoever reads.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use parking_lot::Mutex;

use super::Picture;

/// How long a picture is believed to be the same.
const KEPT_FOR: Duration = Duration::from_secs(3600);

/// Keeps pictures, those that came first forgotten first.
pub(crate) struct Cache {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pictures: HashMap<String, (Arc<Picture>, Timestamp)>,
    order: VecDeque<String>,
    bytes: usize,
}

impl Cache {
    /// Keeps up to `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// The picture of an address, if it was fetched within the last hour.
    pub(crate) fn get(&self, address: &str, now: Timestamp) -> Option<Arc<Picture>> {
        let kept = self.kept.lock();
        kept.pictures.get(address).filter(|(_, until)| *until > now).map(|(picture, _)| Arc::clone(picture))
    }

    /// Keeps a picture; gives it back.
    pub(crate) fn keep(&self, address: String, picture: Picture, now: Timestamp) -> Arc<Picture> {
        let picture = Arc::new(picture);
        let size = weight(&address, &picture);
        let mut kept = self.kept.lock();
        if size > self.bytes_max {
            return picture;
        }
        let until = now.plus(KEPT_FOR);
        match kept.pictures.insert(address.clone(), (Arc::clone(&picture), until)) {
            Some((old, _)) => kept.bytes -= weight(&address, &old),
            None => kept.order.push_back(address),
        }
        kept.bytes += size;
        while kept.bytes > self.bytes_max {
            let Some(oldest) = kept.order.pop_front() else { break };
            if let Some((gone, _)) = kept.pictures.remove(&oldest) {
                kept.bytes -= weight(&oldest, &gone);
            }
        }
        picture
    }
}

fn weight(address: &str, picture: &Picture) -> usize {
    2 * address.len() + picture.octets.len() + size_of::<Picture>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(size: usize) -> Picture {
        Picture { media_type: "image/png", octets: vec![0; size].into() }
    }

    #[test]
    fn the_oldest_make_room_and_none_is_believed_for_long() {
        let cache = Cache::new(10_000);
        let now = Timestamp::from_seconds(1000);
        for name in ["a", "b", "c"] {
            cache.keep(name.to_owned(), picture(4000), now);
        }
        assert!(cache.get("a", now).is_none());
        assert!(cache.get("b", now).is_some() && cache.get("c", now).is_some());
        assert!(cache.get("c", now.plus(KEPT_FOR)).is_none());
        cache.keep("c".to_owned(), picture(100), now);
        cache.keep("d".to_owned(), picture(4000), now);
        assert!(cache.get("b", now).is_some(), "what is put in the place of another frees its bytes");
        assert_eq!(cache.keep("e".to_owned(), picture(20_000), now).octets.len(), 20_000);
        assert!(cache.get("e", now).is_none());
    }
}
