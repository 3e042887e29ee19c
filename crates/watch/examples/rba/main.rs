//! Measures the risk score on sign-ins in the form of the public data set for risk-based authentication
//! (<https://github.com/das-group/rba-dataset>), the plain published algorithm and ours in one run.
//!
//! `cargo run --release -p tradewind-watch --example rba -- FILE` reads such a file; without one, sign-ins are generated: SYNTHETIC, made
//! by the rules in `generate.rs` and not after any real person. `--write FILE` writes what was generated, `--users N` and `--seed N`
//! choose how much.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement")]
#![allow(clippy::cast_precision_loss, reason = "a measurement")]

mod chance;
mod counts;
mod csv;
mod evaluate;
mod generate;
mod people;
mod plain;
mod world;

use std::path::PathBuf;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut file, mut write, mut users, mut seed) = (None, None, 4_000, 1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} wants a value"));
        match argument.as_str() {
            "--write" => write = Some(PathBuf::from(value())),
            "--users" => users = value().parse().expect("--users wants a number"),
            "--seed" => seed = value().parse().expect("--seed wants a number"),
            other => file = Some(PathBuf::from(other)),
        }
    }
    let rows = match &file {
        Some(path) => {
            println!("sign-ins of {}", path.display());
            csv::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        }
        None => {
            println!("SYNTHETIC sign-ins, {users} accounts, seed {seed}");
            generate::generate(users, seed)
        }
    };
    if let Some(path) = write {
        csv::write(&path, &rows).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    print!("{}", evaluate::evaluate(&rows, seed));
}
