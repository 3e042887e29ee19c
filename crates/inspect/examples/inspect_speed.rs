//! Time of looking into typical parts, one after the other, through one confined process:
//! `cargo build --release -p tradewind-inspect && cargo run --release -p tradewind-inspect --example inspect_speed -- target/release/inspect-worker`.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use inspect::{InspectSettings, Part, Pool, Program};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Looks at each part.
const ROUNDS: usize = 200;

type Made = Result<Vec<u8>, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match std::env::args().nth(1).map(|path| measure(PathBuf::from(path))) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("name the worker's program");
            ExitCode::FAILURE
        }
    }
}

fn measure(path: PathBuf) -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let program = Program { path: std::path::absolute(path)?, arguments: Vec::new() };
    let pool = Pool::new(program, InspectSettings { workers: 1, ..InspectSettings::default() });
    let _ = pool.inspect(Part { name: "a", declared: "text/plain", octets: b"text", words: &[] });
    println!("start of a process: {:?}", begin.elapsed());
    let text = words(1 << 20);
    for (name, octets) in [
        ("text of 1 KiB.txt", text.get(..1024).unwrap_or_default().to_vec()),
        ("archive of 1 MiB.zip", zipped(&[("a.txt", &text)])?),
        ("document.docx", document()?),
        ("page of text and links.pdf", pdf()?),
        ("QR code, 300 points.png", picture(300)?),
        ("photograph, 3000 points.jpg", photograph(3000)?),
    ] {
        let report = pool.inspect(Part { name, declared: "application/octet-stream", octets: &octets, words: &[] });
        if !report.unlooked.is_empty() {
            return Err(format!("{name}: {:?}", report.unlooked).into());
        }
        let mut times: Vec<Duration> = (0..ROUNDS).map(|_| look(&pool, name, &octets)).collect();
        times.sort_unstable();
        let at = |share: usize| times.get((times.len() - 1) * share / 100).copied().unwrap_or_default();
        println!("{name}: {} octets, median {:?}, p99 {:?}", octets.len(), at(50), at(99));
    }
    Ok(())
}

fn look(pool: &Pool, name: &str, octets: &[u8]) -> Duration {
    let begin = Instant::now();
    let report = pool.inspect(Part { name, declared: "application/octet-stream", octets, words: &[] });
    std::hint::black_box(report);
    begin.elapsed()
}

/// Words that do not pack to nothing.
fn words(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut letter = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"etaoin shrdlu "[(state >> 24) as usize % 14]
    };
    (0..length).map(|_| letter()).collect()
}

fn zipped(entries: &[(&str, &[u8])]) -> Made {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default())?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn document() -> Made {
    let paragraph =
        |number: usize| format!("<w:p><w:r><w:t>Item {number}: ball valve DN50, USD 12.40</w:t></w:r></w:p>");
    let text: String = (0..500).map(paragraph).collect();
    zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("word/document.xml", format!("<w:document>{text}</w:document>").as_bytes()),
        ("word/_rels/document.xml.rels", b"<Relationships/>"),
        ("word/media/image1.png", &picture(200)?),
    ])
}

fn pdf() -> Made {
    let mut file = b"%PDF-1.7\n".to_vec();
    for page in 0..10 {
        let line = |line: usize| format!("BT 72 {} Td (Item {line} of page {page}, USD 12.40) Tj ET\n", 780 - line);
        let text: String = (0..60).map(line).collect();
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(text.as_bytes())?;
        let packed = packed.finish()?;
        writeln!(file, "{page} 0 obj <</A<</S/URI/URI(https://valves.example/{page})>>>> endobj")?;
        writeln!(file, "1{page} 0 obj <</Filter/FlateDecode/Length {}>> stream", packed.len())?;
        file.extend_from_slice(&packed);
        file.extend_from_slice(b"\nendstream endobj\n");
    }
    Ok(file)
}

fn picture(side: u32) -> Made {
    let code = qrcode::QrCode::new("https://valves.example/offer/4711")?;
    let (width, colors) = (code.width() as u32, code.to_colors());
    let scale = side / (width + 8);
    let dark = |x: u32, y: u32| {
        let (x, y) = ((x / scale).wrapping_sub(4), (y / scale).wrapping_sub(4));
        x < width && y < width && colors.get((y * width + x) as usize) == Some(&qrcode::Color::Dark)
    };
    written(GrayImage::from_fn(side, side, |x, y| Luma([if dark(x, y) { 0 } else { 255 }])), ImageFormat::Png)
}

fn photograph(side: u32) -> Made {
    let noise = words((side * side) as usize);
    let point = |x: u32, y: u32| {
        let grain = noise.get((y * side + x) as usize).copied().unwrap_or_default() / 8;
        Luma([((x / 16 + y / 24) % 200) as u8 + grain])
    };
    written(GrayImage::from_fn(side, side, point), ImageFormat::Jpeg)
}

fn written(picture: GrayImage, format: ImageFormat) -> Made {
    let mut out = Cursor::new(Vec::new());
    DynamicImage::from(picture).into_rgb8().write_to(&mut out, format)?;
    Ok(out.into_inner())
}
