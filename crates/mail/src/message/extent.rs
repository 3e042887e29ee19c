//! How complex a message is, and whether that is too much.

use super::{DEPTH_MAX, PARTS_MAX, Part, Structure};

/// How complex a message may be. What goes beyond [`DEPTH_MAX`] or [`PARTS_MAX`] cannot be read here and is always too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtentLimits {
    /// Levels of multiparts and attached messages.
    pub depth_max: usize,
    /// Parts, multiparts and attached messages included.
    pub parts_max: usize,
}

/// How complex a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Levels of multiparts and attached messages around the deepest part.
    depth: usize,
    /// Parts.
    parts: usize,
    /// There is more than could be read.
    truncated: bool,
}

/// What is too much about a message. The text is for its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// Parts within parts.
    #[error(
        "The message has parts nested more than {0} deep; save what was forwarded many times as a file, attach that and send again"
    )]
    Depth(usize),
    /// Parts altogether.
    #[error("The message has more than {0} parts; send fewer attachments, or pack them into one file, and send again")]
    Parts(usize),
}

impl TooComplex {
    /// The message will not change.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

impl Extent {
    /// Of the message with this structure.
    #[must_use]
    pub fn of(structure: &Structure) -> Self {
        Self { depth: depth(&structure.parts), parts: structure.parts.len(), truncated: structure.truncated }
    }

    /// Whether the message keeps within `limits`.
    ///
    /// # Errors
    /// [`TooComplex`] with the limit that it does not keep.
    pub fn within(&self, limits: ExtentLimits) -> Result<(), TooComplex> {
        let (depth_max, parts_max) = (limits.depth_max.min(DEPTH_MAX), limits.parts_max.min(PARTS_MAX - 1));
        if self.parts > parts_max {
            return Err(TooComplex::Parts(parts_max));
        }
        // The reading of fewer parts ends early for the depth alone.
        if self.truncated || self.depth > depth_max { Err(TooComplex::Depth(depth_max)) } else { Ok(()) }
    }
}

/// Levels of parts that hold parts, around the deepest.
fn depth(parts: &[Part]) -> usize {
    // For each level that is open: how many of its parts are still to come.
    let mut open: Vec<u32> = Vec::new();
    let mut deepest = 0;
    for part in parts {
        if let Some(left) = open.last_mut() {
            *left = left.saturating_sub(1);
        }
        if part.children > 0 {
            open.push(part.children);
            deepest = deepest.max(open.len());
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text within `depth` multiparts or attached messages.
    fn nested(depth: usize, attached: bool) -> String {
        let mut message = "Subject: innermost\r\n\r\ntext\r\n".to_owned();
        for level in 0..depth {
            message = if attached {
                format!("Content-Type: message/rfc822\r\n\r\n{message}")
            } else {
                format!(
                    "Content-Type: multipart/mixed; boundary=\"b{level}.\"\r\n\r\n--b{level}.\r\n{message}\r\n--b{level}.\r\n\r\nend\r\n--b{level}.--\r\n"
                )
            };
        }
        message
    }

    fn flat(parts: usize) -> String {
        let parts: String = (0..parts).map(|_| "--b\r\n\r\nx\r\n").collect();
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
    }

    fn check(message: &str, depth_max: usize, parts_max: usize) -> Result<(), TooComplex> {
        Extent::of(&Structure::parse(message.as_bytes())).within(ExtentLimits { depth_max, parts_max })
    }

    #[test]
    fn depth_is_bounded_whatever_holds_the_parts() {
        for attached in [false, true] {
            assert_eq!(check(&nested(0, attached), 0, 9), Ok(()));
            assert_eq!(check(&nested(3, attached), 3, 99), Ok(()), "{attached}");
            assert_eq!(check(&nested(4, attached), 3, 99), Err(TooComplex::Depth(3)), "{attached}");
            assert_eq!(check(&nested(DEPTH_MAX, attached), 1000, 99), Ok(()), "{attached}");
            for depth in [DEPTH_MAX + 1, 500] {
                assert_eq!(check(&nested(depth, attached), 1000, 99), Err(TooComplex::Depth(DEPTH_MAX)), "{attached}");
            }
        }
    }

    #[test]
    fn parts_are_bounded() {
        assert_eq!(check(&flat(9), 9, 10), Ok(()));
        assert_eq!(check(&flat(10), 9, 10), Err(TooComplex::Parts(10)));
        assert_eq!(check(&flat(PARTS_MAX - 2), 9, 10_000), Ok(()));
        for parts in [PARTS_MAX - 1, PARTS_MAX, 5 * PARTS_MAX] {
            assert_eq!(check(&flat(parts), 9, 10_000), Err(TooComplex::Parts(PARTS_MAX - 1)));
        }
    }

    #[test]
    fn levels_side_by_side_do_not_add_up() {
        let two = format!("--o\r\n{}\r\n--o\r\n{}\r\n", nested(2, false), nested(1, true));
        let message = format!("Content-Type: multipart/mixed; boundary=o\r\n\r\n{two}--o--\r\n");
        assert_eq!(check(&message, 3, 99), Ok(()));
        assert_eq!(check(&message, 2, 99), Err(TooComplex::Depth(2)));
    }
}
