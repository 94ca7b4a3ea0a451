//! The compiler's words for handlers that are none: they should name the mistake, at its place.
//!
//! The words are the compiler's and change with it, so they are compared for one version only, [`MINOR`]. After a
//! change on purpose, or of the version, `TRYBUILD=overwrite cargo test -p socketio-diagnostics` writes them anew:
//! read the difference.

use std::process::Command;

/// The version of the compiler, 1.`MINOR`, whose words stand beside the cases.
const MINOR: u32 = 95;

#[test]
fn handlers_that_are_none() {
    let minor = compiler_minor();
    if minor != Some(MINOR) {
        eprintln!(
            "skipped: the cases are written for rustc 1.{MINOR}, this is 1.{}",
            minor.unwrap_or_default()
        );
        return;
    }
    let cases = trybuild::TestCases::new();
    cases.compile_fail("closures/*.rs");
    cases.compile_fail("methods/*.rs");
}

/// Of `rustc 1.95.0 (59807616e 2026-04-14)` it is 95; none for a nightly, whose words are not settled.
fn compiler_minor() -> Option<u32> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split(' ').nth(1)?;
    let mut numbers = version.split('.').skip(1);
    let minor = numbers.next()?.parse().ok()?;
    numbers.next()?.parse::<u32>().ok().map(|_| minor)
}
