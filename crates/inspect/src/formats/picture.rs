//! Pictures: QR codes in them, and what they look like.

mod likeness;

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use rqrr::PreparedImage;

use crate::look::{At, Looker};
use crate::report::{Place, Reason};

/// Points of a side beyond which nobody sends a picture.
const SIDE_MAX: u32 = 12_000;

/// Octets that a decoder may take.
const DECODED_OCTETS_MAX: u64 = 192 << 20;

/// Points of a side of the picture in which codes are looked for; larger ones are shrunk to it.
const SEARCHED_SIDE_MAX: usize = 1400;

/// Points of a side below which no code has room.
const SEARCHED_SIDE_MIN: usize = 40;

/// Points of the sides of a picture in which text has room, and of the larger side of one that is read.
const TEXT_WIDTH_MIN: usize = 240;
const TEXT_HEIGHT_MIN: usize = 60;
const TEXT_SIDE_MAX: usize = 5000;

/// Quality of the picture that is made for reading, of a hundred.
const TEXT_QUALITY: u8 = 85;

/// Codes of one picture that are kept.
const CODES_MAX: usize = 16;

/// Reads a picture.
pub(super) fn read(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let format = image::guess_format(octets).map_err(|_| Reason::Unsupported)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::Bmp) {
        return Err(Reason::Unsupported);
    }
    let reader = || {
        let mut reader = ImageReader::with_format(Cursor::new(octets), format);
        let mut limits = Limits::default();
        (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
        limits.max_alloc = Some(DECODED_OCTETS_MAX);
        reader.limits(limits);
        reader
    };
    let (width, height) = reader().into_dimensions().map_err(|error| reason(&error))?;
    if (width as usize) < SEARCHED_SIDE_MIN || (height as usize) < SEARCHED_SIDE_MIN {
        return Ok(());
    }
    let decoded = reader().decode().map_err(|error| reason(&error))?;
    // Where nothing is painted a reader sees white.
    let (width, height) = (decoded.width() as usize, decoded.height() as usize);
    let grey: Vec<u8> = if decoded.color().has_alpha() {
        decoded
            .into_luma_alpha8()
            .pixels()
            .map(|pixel| {
                let [luminance, opaque] = pixel.0.map(u16::from);
                ((luminance * opaque + 255 * (255 - opaque)) / 255) as u8
            })
            .collect()
    } else {
        decoded.into_luma8().into_raw()
    };
    codes(width, height, &grey, at, looker);
    Ok(())
}

fn reason(error: &image::ImageError) -> Reason {
    match error {
        image::ImageError::Limits(_) => Reason::TooLarge,
        image::ImageError::Unsupported(_) => Reason::Unsupported,
        _ => Reason::Damaged,
    }
}

/// Keeps a picture for whoever reads text in it, made anew so that nothing of what was sent gets there.
fn keep(width: usize, height: usize, grey: &[u8], at: At, looker: &mut Looker<'_>) {
    let step = width.max(height).div_ceil(TEXT_SIDE_MAX);
    let (small_width, small_height) = (width / step, height / step);
    let row = |y: usize| (0..small_width).map(move |x| grey.get(y * step * width + x * step).copied().unwrap_or(255));
    let small: Vec<u8> = (0..small_height).flat_map(row).collect();
    let mut jpeg = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, TEXT_QUALITY);
    let (width, height) = (small_width as u32, small_height as u32);
    if image::ImageEncoder::write_image(encoder, &small, width, height, image::ExtendedColorType::L8).is_ok() {
        looker.picture(at, &jpeg);
    }
}

/// Looks for codes in rows of grey.
pub(super) fn codes(width: usize, height: usize, grey: &[u8], at: At, looker: &mut Looker<'_>) {
    if width.min(height) < SEARCHED_SIDE_MIN || grey.len() < width * height {
        return;
    }
    if let Some(bits) = likeness::of(width, height, grey) {
        looker.likeness(at, bits);
    }
    if looker.wants_pictures && width >= TEXT_WIDTH_MIN && height >= TEXT_HEIGHT_MIN {
        keep(width, height, grey, at, looker);
    }
    let step = width.max(height).div_ceil(SEARCHED_SIDE_MAX);
    let (width_small, height_small) = (width / step, height / step);
    let mean = |x: usize, y: usize| {
        let rows =
            (y * step..(y + 1) * step).filter_map(|row| grey.get(row * width + x * step..row * width + (x + 1) * step));
        let sum: usize = rows.flatten().map(|octet| usize::from(*octet)).sum();
        (sum / (step * step)) as u8
    };
    let small: Vec<u8> = (0..width_small * height_small).map(|at| mean(at % width_small, at / width_small)).collect();
    if !search(width_small, height_small, |x, y| small[y * width_small + x], at, looker) {
        // Light on dark, as some print it.
        search(width_small, height_small, |x, y| 255 - small[y * width_small + x], at, looker);
    }
}

/// Whether a code was found.
fn search(width: usize, height: usize, grey: impl Fn(usize, usize) -> u8, at: At, looker: &mut Looker<'_>) -> bool {
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, grey);
    let mut is_found = false;
    for grid in prepared.detect_grids().into_iter().take(CODES_MAX) {
        if let Ok((_, content)) = grid.decode() {
            is_found = true;
            if content.contains("://") || content.contains(':') {
                looker.link(at, &content, "", Place::Code);
            } else if content.contains('.') && !content.contains(' ') {
                // Cameras open a bare name of a host, too.
                looker.link(at, &format!("http://{content}"), "", Place::Code);
            } else {
                looker.text(at, &content, false);
            }
        }
    }
    is_found
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, GrayImage, ImageFormat, Luma};

    use super::super::tests::looked;
    use crate::report::{Kind, Place, Reason};

    /// A code of `content` with its quiet zone, each module `scale` points wide.
    fn code(content: &str, scale: u32, dark: u8, light: u8) -> GrayImage {
        let code = qrcode::QrCode::new(content).unwrap();
        let modules = code.to_colors();
        let side = code.width() as u32;
        GrayImage::from_fn((side + 8) * scale, (side + 8) * scale, |x, y| {
            let (x, y) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
            let is_dark = x < side && y < side && modules[(y * side + x) as usize] == qrcode::Color::Dark;
            Luma([if is_dark { dark } else { light }])
        })
    }

    fn written(picture: GrayImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::from(picture).into_rgb8().write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn codes_lead_somewhere() {
        for (format, scale, dark, light) in [
            (ImageFormat::Png, 4, 0, 255),
            (ImageFormat::Jpeg, 6, 0, 255),
            (ImageFormat::Gif, 5, 30, 200),
            (ImageFormat::Png, 60, 255, 0),
        ] {
            let report = looked("code", &written(code("https://evil.example/login", scale, dark, light), format));
            assert_eq!(report.kind(), Kind::Picture);
            assert_eq!(report.links.len(), 1, "{format:?} {scale}: {report:?}");
            assert_eq!(
                (report.links[0].url.as_str(), report.links[0].place),
                ("https://evil.example/login", Place::Code)
            );
        }
        let bare = looked("code", &written(code("evil.example/login", 4, 0, 255), ImageFormat::Png));
        assert_eq!(bare.links[0].url, "http://evil.example/login");
    }

    #[test]
    fn pictures_without_codes_and_broken_ones() {
        let plain = written(GrayImage::from_fn(300, 200, |x, y| Luma([(x * y % 251) as u8])), ImageFormat::Png);
        let report = looked("a.png", &plain);
        assert!(report.links.is_empty() && report.unlooked.is_empty());
        assert_eq!(looked("a.png", &plain[..100]).unlooked[0].why, Reason::Damaged);
        // A header that claims 60,000 times 60,000 points.
        let mut giant = plain;
        giant[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(!looked("a.png", &giant).unlooked.is_empty());
    }
}
