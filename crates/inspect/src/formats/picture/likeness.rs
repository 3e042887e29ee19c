//! What a picture looks like, in 64 bits that stay nearly the same when it is packed anew, shrunk or speckled.
//!
//! The picture is brought to 32 by 32 means of grey; its cosine transform tells light and dark from coarse to fine, and each of the 64 coarsest
//! parts but the mean says whether it is above their median. Two pictures are compared by how many bits differ.

/// Points of the sides of a picture that is worth a look: smaller ones are icons and lines.
const WIDTH_MIN: usize = 200;
const HEIGHT_MIN: usize = 100;

/// Means of each side.
const SIDE: usize = 32;

/// Parts of each side that are kept.
const KEPT: usize = 8;

/// Points of a mean's side that are looked at.
const LOOKED_AT_MAX: usize = 16;

/// Grey levels by which the means of a picture must differ, as their standard deviation: what is one colour looks like anything else that is.
const CONTRAST_MIN: f32 = 8.0;

/// The likeness of rows of grey; none of what is too small or shows next to nothing.
pub(super) fn of(width: usize, height: usize, grey: &[u8]) -> Option<u64> {
    if width < WIDTH_MIN || height < HEIGHT_MIN || grey.len() < width * height {
        return None;
    }
    let means = means(width, height, grey);
    let mean = means.iter().flatten().sum::<f32>() / (SIDE * SIDE) as f32;
    let variance = means.iter().flatten().map(|it| (it - mean).powi(2)).sum::<f32>() / (SIDE * SIDE) as f32;
    if variance.sqrt() < CONTRAST_MIN {
        return None;
    }
    let parts = parts(&means);
    let mut sorted: Vec<f32> = parts.to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    Some(parts.iter().enumerate().filter(|(_, part)| **part > median).fold(0, |bits, (at, _)| bits | 1 << at))
}

fn means(width: usize, height: usize, grey: &[u8]) -> [[f32; SIDE]; SIDE] {
    let mut means = [[0.0; SIDE]; SIDE];
    for (y, row) in means.iter_mut().enumerate() {
        for (x, mean) in row.iter_mut().enumerate() {
            let (left, right) = (x * width / SIDE, (x + 1) * width / SIDE);
            let (top, bottom) = (y * height / SIDE, (y + 1) * height / SIDE);
            let step = |from: usize, to: usize| ((to - from) / LOOKED_AT_MAX).max(1);
            let (mut sum, mut count) = (0_u32, 0_u32);
            for line in (top..bottom).step_by(step(top, bottom)) {
                let points = grey.get(line * width + left..line * width + right).unwrap_or_default();
                for point in points.iter().step_by(step(left, right)) {
                    sum += u32::from(*point);
                    count += 1;
                }
            }
            *mean = sum as f32 / count.max(1) as f32;
        }
    }
    means
}

/// The coarsest parts of the cosine transform but the row and column of means, which tell how light a side is and little else.
fn parts(means: &[[f32; SIDE]; SIDE]) -> [f32; KEPT * KEPT] {
    let wave = |part: usize, at: usize| {
        (std::f32::consts::PI * (part + 1) as f32 * (2 * at + 1) as f32 / (2 * SIDE) as f32).cos()
    };
    let mut rows = [[0.0; KEPT]; SIDE];
    for (row, points) in rows.iter_mut().zip(means) {
        for (part, sum) in row.iter_mut().enumerate() {
            *sum = points.iter().enumerate().map(|(at, point)| point * wave(part, at)).sum();
        }
    }
    let mut parts = [0.0; KEPT * KEPT];
    for (number, sum) in parts.iter_mut().enumerate() {
        let (down, across) = (number / KEPT, number % KEPT);
        *sum = rows.iter().enumerate().filter_map(|(at, row)| Some(row.get(across)? * wave(down, at))).sum();
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::imageops::{FilterType, resize};
    use image::{DynamicImage, GrayImage, ImageFormat, Luma};

    use super::super::super::tests::looked;

    /// A sequence that looks like chance.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 33
    }

    /// A page of a letter as a picture: a coloured head, a logo, lines of words, a button.
    fn page(seed: u64) -> GrayImage {
        let mut state = seed;
        let mut page = GrayImage::from_pixel(600, 450, Luma([250]));
        let mut paint = |left: u64, top: u64, width: u64, height: u64, grey: u8| {
            for y in top..(top + height).min(450) {
                for x in left..(left + width).min(600) {
                    page.put_pixel(x as u32, y as u32, Luma([grey]));
                }
            }
        };
        paint(0, 0, 600, 30 + next(&mut state) % 80, (next(&mut state) % 160) as u8);
        paint(20 + next(&mut state) % 400, 20, 60 + next(&mut state) % 60, 40, 230);
        let lines = 6 + next(&mut state) % 10;
        for line in 0..lines {
            let mut x = 30 + next(&mut state) % 40;
            let width = 200 + next(&mut state) % 340;
            while x < width {
                let word = 10 + next(&mut state) % 50;
                paint(x, 130 + line * 16, word, 8, 40);
                x += word + 7;
            }
        }
        paint(60 + next(&mut state) % 300, 360 + next(&mut state) % 40, 120 + next(&mut state) % 120, 40, 90);
        page
    }

    fn written(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::from(picture.clone()).into_rgb8().write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn likeness(picture: &GrayImage, format: ImageFormat) -> u64 {
        let read = image::load_from_memory(&written(picture, format)).unwrap().into_luma8();
        super::of(read.width() as usize, read.height() as usize, read.as_raw()).unwrap()
    }

    #[test]
    fn a_look_at_a_picture_tells_it() {
        let report = looked("a.bin", &written(&page(1), ImageFormat::Png));
        let found: Vec<u64> = report.likenesses.iter().map(|likeness| likeness.bits).collect();
        assert_eq!(found, [likeness(&page(1), ImageFormat::Png)]);
    }

    /// One of a hundred points is black or white.
    fn speckled(picture: &GrayImage, seed: u64) -> GrayImage {
        let (mut picture, mut state) = (picture.clone(), seed);
        for point in picture.pixels_mut() {
            if next(&mut state).is_multiple_of(100) {
                *point = Luma([if next(&mut state).is_multiple_of(2) { 0 } else { 255 }]);
            }
        }
        picture
    }

    #[test]
    fn a_picture_packed_anew_shrunk_and_speckled_looks_the_same() {
        let mut worst = 0;
        for seed in 0..12 {
            let original = page(seed);
            let known = likeness(&original, ImageFormat::Png);
            let small = resize(&original, 480, 360, FilterType::Triangle);
            let changed = [
                likeness(&original, ImageFormat::Jpeg),
                likeness(&small, ImageFormat::Png),
                likeness(&speckled(&original, seed), ImageFormat::Png),
                likeness(&speckled(&small, seed), ImageFormat::Jpeg),
            ];
            worst = changed.iter().map(|bits| (bits ^ known).count_ones()).max().unwrap().max(worst);
        }
        assert!(worst <= crate::LIKE_BITS_MAX, "{worst} bits differ");
    }

    #[test]
    fn other_pictures_look_different() {
        let bits = |seed| super::of(600, 450, page(seed).as_raw()).unwrap();
        let all: Vec<u64> = (0..40).map(bits).collect();
        let pairs = all.iter().enumerate().flat_map(|(at, one)| all.iter().take(at).map(move |two| one ^ two));
        let nearest = pairs.map(u64::count_ones).min().unwrap();
        assert!(nearest > crate::LIKE_BITS_MAX, "{nearest} bits differ of two pages of one design");
    }

    #[test]
    fn icons_and_plain_areas_look_like_nothing() {
        let plain = GrayImage::from_pixel(600, 400, Luma([200]));
        assert_eq!(super::of(600, 400, plain.as_raw()), None);
        let icon = GrayImage::from_fn(64, 64, |x, y| Luma([(x * y % 251) as u8]));
        assert_eq!(super::of(64, 64, icon.as_raw()), None);
    }
}
