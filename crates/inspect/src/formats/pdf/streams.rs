//! Streams of a PDF file through their filters (ISO 32000-1 section 7.4), and pictures as rows of grey.

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::values::Map;
use crate::look::Looker;
use crate::report::Reason;

/// Filters in a row that are undone.
const FILTERS_MAX: usize = 4;

/// Points of a picture that are looked at.
const POINTS_MAX: usize = 16 << 20;

/// Undoes filters until the end, or until one that stays to be undone by somebody else.
pub(super) fn decode<'m>(
    map: &'m Map,
    data: &[u8],
    looker: &mut Looker<'_>,
) -> Result<(Vec<u8>, Option<&'m str>), Reason> {
    let key = if map.has("Filter") { "Filter" } else { "F" };
    let mut octets = data.to_vec();
    for filter in map.names(key).into_iter().take(FILTERS_MAX) {
        octets = match filter {
            "FlateDecode" | "Fl" => inflate(&octets, looker)?,
            "ASCIIHexDecode" | "AHx" => unhex(&octets),
            "ASCII85Decode" | "A85" => unascii85(&octets),
            "RunLengthDecode" | "RL" => unrun(&octets, looker)?,
            other => return Ok((octets, Some(other))),
        };
    }
    Ok((octets, None))
}

/// Inflates, with or without the frame of zlib.
fn inflate(octets: &[u8], looker: &mut Looker<'_>) -> Result<Vec<u8>, Reason> {
    let packed = octets.len() as u64;
    match looker.unpack(&mut ZlibDecoder::new(octets), packed) {
        Err(Reason::Damaged) => looker.unpack(&mut DeflateDecoder::new(octets.get(2..).unwrap_or_default()), packed),
        outcome => outcome,
    }
}

fn unhex(octets: &[u8]) -> Vec<u8> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16).map(|digit| digit as u8);
    let digits: Vec<u8> = octets.iter().take_while(|octet| **octet != b'>').filter_map(digit).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or_default()).collect()
}

fn unascii85(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() / 5 * 4);
    let mut group: Vec<u8> = Vec::with_capacity(5);
    let push = |group: &[u8], out: &mut Vec<u8>| {
        let padded = group.iter().copied().chain(std::iter::repeat(84)).take(5);
        let number = padded.fold(0_u32, |number, digit| number.wrapping_mul(85).wrapping_add(u32::from(digit)));
        out.extend(number.to_be_bytes().into_iter().take(group.len().saturating_sub(1)));
    };
    for octet in octets.iter().take_while(|octet| **octet != b'~') {
        match octet {
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => {
                group.push(octet - b'!');
                if group.len() == 5 {
                    push(&group, &mut out);
                    group.clear();
                }
            }
            _ => {}
        }
    }
    push(&group, &mut out);
    out
}

/// Runs of one octet; two octets make at most 128.
fn unrun(mut octets: &[u8], looker: &mut Looker<'_>) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::new();
    while let Some((length, rest)) = octets.split_first() {
        let length = usize::from(*length);
        if length < 128 {
            out.extend_from_slice(rest.get(..=length).unwrap_or(rest));
            octets = rest.get(length + 1..).unwrap_or_default();
        } else if length == 128 {
            break;
        } else {
            let Some((octet, rest)) = rest.split_first() else { break };
            out.extend(std::iter::repeat_n(*octet, 257 - length));
            octets = rest;
        }
    }
    let packed = out.len() as u64;
    looker.unpack(&mut out.as_slice(), packed)
}

/// Width, height and rows of a picture without a filter of pictures, as grey.
pub(super) fn grey(map: &Map, octets: Vec<u8>) -> Option<(usize, usize, Vec<u8>)> {
    let (width, height) = (map.number("Width")?, map.number("Height")?);
    if width == 0 || height == 0 || width.checked_mul(height)? > POINTS_MAX {
        return None;
    }
    let bits = if map.get("ImageMask").is_some() { 1 } else { map.number("BitsPerComponent")? };
    let parameters = map.map("DecodeParms");
    let colours = parameters.and_then(|parameters| parameters.number("Colors"));
    let predictor = parameters.and_then(|parameters| parameters.number("Predictor")).unwrap_or(1);
    let guessed = match map.name("ColorSpace") {
        "DeviceRGB" | "CalRGB" => 3,
        "DeviceCMYK" => 4,
        "DeviceGray" | "CalGray" => 1,
        // By its size: a colour space may stand in another object.
        _ => (octets.len() * 8 / (width * height).max(1) / bits.max(1)).clamp(1, 4),
    };
    let channels = colours.unwrap_or(guessed).clamp(1, 4);
    let row = (width * channels * bits).div_ceil(8);
    let octets = if predictor >= 10 { unpredict(&octets, row, (channels * bits).div_ceil(8)) } else { octets };
    let mut grey = Vec::with_capacity(width * height);
    for row in octets.chunks(row).take(height) {
        match bits {
            8 => grey.extend(row.chunks(channels).take(width).map(luminance)),
            1 => grey.extend((0..width).map(|x| {
                let is_set = row.get(x / 8).is_some_and(|octet| octet >> (7 - x % 8) & 1 == 1);
                if is_set { 255 } else { 0 }
            })),
            _ => return None,
        }
    }
    grey.resize(width * height, 255);
    Some((width, height, grey))
}

fn luminance(point: &[u8]) -> u8 {
    match point {
        [red, green, blue] => ((u32::from(*red) * 3 + u32::from(*green) * 6 + u32::from(*blue)) / 10) as u8,
        [cyan, magenta, yellow, black] => {
            let ink = (u32::from(*cyan) + u32::from(*magenta) + u32::from(*yellow)) / 3 + u32::from(*black);
            255 - ink.min(255) as u8
        }
        _ => point.first().copied().unwrap_or_default(),
    }
}

/// Undoes the predictors of PNG (ISO 32000-1 section 7.4.4.4): each row has its own in front.
fn unpredict(octets: &[u8], row_octets: usize, point_octets: usize) -> Vec<u8> {
    let mut before = vec![0_u8; row_octets];
    let mut out = Vec::with_capacity(octets.len());
    for packed in octets.chunks(row_octets + 1) {
        let Some((kind, packed)) = packed.split_first() else { break };
        let mut row = vec![0_u8; row_octets];
        for (at, octet) in packed.iter().enumerate() {
            let left = at.checked_sub(point_octets).map_or(0, |at| row[at]);
            let above = before[at];
            let corner = at.checked_sub(point_octets).map_or(0, |at| before[at]);
            row[at] = octet.wrapping_add(match kind {
                1 => left,
                2 => above,
                3 => u16::midpoint(u16::from(left), u16::from(above)) as u8,
                4 => paeth(left, above, corner),
                _ => 0,
            });
        }
        out.extend_from_slice(&row);
        before = row;
    }
    out
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let distance = |octet: u8| (guess - i16::from(octet)).abs();
    if distance(left) <= distance(above) && distance(left) <= distance(corner) {
        left
    } else if distance(above) <= distance(corner) {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_eighty_five() {
        assert_eq!(unascii85(b"87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(unascii85(b"z!~>"), [0; 4]);
        assert_eq!(unhex(b"48 656c6C 6f 7>"), b"Hellop");
    }

    #[test]
    fn rows_of_png() {
        // One row as it is, one by the row above.
        assert_eq!(unpredict(&[0, 1, 2, 3, 2, 1, 1, 1], 3, 1), [1, 2, 3, 2, 3, 4]);
        assert_eq!(unpredict(&[1, 1, 1, 1, 9], 3, 1), [1, 2, 3, 0, 0, 0]);
    }
}
