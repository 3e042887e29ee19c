//! `cargo xtask tidy`: checks of the tree that no compiler makes.

mod functions;
mod layers;
mod rfc;
mod tree;

use std::process::ExitCode;

/// One thing that is not tidy.
#[derive(Debug, PartialEq, Eq)]
struct Untidy {
    /// File, and line where there is one.
    place: String,
    /// What is wrong and what to do.
    what: String,
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy(),
        Some("rfc-index") => write_rfc_index(),
        _ => {
            eprintln!(
                "usage: cargo xtask tidy        check layers, sizes, the RFC index and names\n       cargo xtask rfc-index   write docs/rfc-index.md anew"
            );
            ExitCode::from(2)
        }
    }
}

fn tidy() -> ExitCode {
    let tree = match tree::Tree::read() {
        Ok(tree) => tree,
        Err(error) => return fail(&error),
    };
    let mut found = layers::check(&tree);
    found.extend(functions::check(&tree));
    found.extend(rfc::check(&tree));
    for untidy in &found {
        eprintln!("{}: {}", untidy.place, untidy.what);
    }
    if found.is_empty() {
        println!("tidy: {} source files", tree.sources.len());
        ExitCode::SUCCESS
    } else {
        eprintln!("{} places are not tidy", found.len());
        ExitCode::FAILURE
    }
}

fn write_rfc_index() -> ExitCode {
    let outcome = tree::Tree::read().and_then(|tree| rfc::write(&tree));
    outcome.map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS)
}

fn fail(error: &str) -> ExitCode {
    eprintln!("{error}");
    ExitCode::from(2)
}
