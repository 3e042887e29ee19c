//! How many slips of the finger, or of the eye, two names are apart.

/// Letters of a name that are compared; a label of the DNS has at most 63 octets.
const LETTERS_MAX: usize = 63;

/// Rows of keys, on which neighbours stand beside and above one another.
const KEYS: [&str; 4] = ["1234567890-", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Letters that look alike.
const ALIKE: [(char, char); 16] = [
    ('o', '0'),
    ('l', '1'),
    ('i', '1'),
    ('i', 'l'),
    ('s', '5'),
    ('e', '3'),
    ('b', '8'),
    ('g', '9'),
    ('g', 'q'),
    ('z', '2'),
    ('u', 'v'),
    ('v', 'y'),
    ('c', 'e'),
    ('n', 'h'),
    ('i', 'j'),
    ('n', 'm'),
];

/// Letters that look like this one.
pub(crate) fn alike(letter: char) -> impl Iterator<Item = char> {
    ALIKE.into_iter().filter_map(move |(one, other)| match letter {
        letter if letter == one => Some(other),
        letter if letter == other => Some(one),
        _ => None,
    })
}

/// Most that names of so many letters may be apart; 0 where none may.
pub(crate) const fn allowed(letters: usize) -> f32 {
    match letters {
        ..=4 => 0.0,
        5..=6 => 0.6,
        7..=9 => 1.0,
        10..=13 => 1.5,
        _ => 2.0,
    }
}

/// How far two names are apart (Damerau and Levenshtein, each slip by its own weight), if not more than `most`.
pub(crate) fn between(one: &str, other: &str, most: f32) -> Option<f32> {
    let one: Vec<char> = one.chars().take(LETTERS_MAX).collect();
    let other: Vec<char> = other.chars().take(LETTERS_MAX).collect();
    // The cheapest letter more or less costs a half.
    if most <= 0.0 || one.len().abs_diff(other.len()) as f32 * 0.5 > most {
        return None;
    }
    let width = other.len() + 1;
    let mut rows = vec![0.0_f32; (one.len() + 1) * width];
    for at in 1..width {
        rows[at] = rows[at - 1] + put_in(&other, at - 1);
    }
    for i in 1..=one.len() {
        rows[i * width] = rows[(i - 1) * width] + put_in(&one, i - 1);
        let mut least = rows[i * width];
        for j in 1..width {
            let (a, b) = (one[i - 1], other[j - 1]);
            let mut best = rows[(i - 1) * width + j - 1] + instead(a, b);
            best = best.min(rows[(i - 1) * width + j] + put_in(&one, i - 1));
            best = best.min(rows[i * width + j - 1] + put_in(&other, j - 1));
            if i > 1 && j > 1 && a == other[j - 2] && one[i - 2] == b && a != b {
                best = best.min(rows[(i - 2) * width + j - 2] + 0.5);
            }
            rows[i * width + j] = best;
            least = least.min(best);
        }
        // A swap reaches over one row.
        if least > most + 0.5 {
            return None;
        }
    }
    rows.last().copied().filter(|apart| *apart <= most)
}

/// What it costs that the letter at `at` was put in: a doubled one is seen least.
fn put_in(name: &[char], at: usize) -> f32 {
    let letter = name.get(at);
    let beside = at.checked_sub(1).and_then(|before| name.get(before)) == letter || name.get(at + 1) == letter;
    if beside { 0.5 } else { 0.8 }
}

/// What it costs that one letter stands for another.
fn instead(one: char, other: char) -> f32 {
    if one == other {
        return 0.0;
    }
    let is_pair = |pair: &(char, char)| *pair == (one, other) || *pair == (other, one);
    if ALIKE.iter().any(is_pair) {
        0.4
    } else if is_neighbour(one, other) {
        0.7
    } else if is_vowel(one) && is_vowel(other) {
        0.8
    } else {
        1.0
    }
}

const fn is_vowel(c: char) -> bool {
    matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

fn is_neighbour(one: char, other: char) -> bool {
    let place = |letter: char| {
        KEYS.iter().enumerate().find_map(|(row, keys)| keys.chars().position(|key| key == letter).map(|at| (row, at)))
    };
    match (place(one), place(other)) {
        (Some((row, at)), Some((other_row, other_at))) => row.abs_diff(other_row) <= 1 && at.abs_diff(other_at) <= 1,
        _ => false,
    }
}
