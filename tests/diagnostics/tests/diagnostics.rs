//! The compiler's words for handlers that are none: they should name the mistake, at its place.
//!
//! The words are the compiler's and change with it, so they are compared for one release only, [`RELEASE`]. After a
//! change on purpose, or of the release, `TRYBUILD=overwrite cargo test -p socketio-diagnostics` writes them anew: read
//! the difference.

use std::process::Command;

/// The release of the compiler whose words stand beside the cases.
const RELEASE: &str = "1.95";

#[test]
fn handlers_that_are_none() {
    let version = compiler_version();
    if !is_release(&version) {
        eprintln!("skipped: the cases are written for rustc {RELEASE}, this is `{version}`");
        return;
    }
    eprintln!("to accept what has changed: TRYBUILD=overwrite cargo test -p socketio-diagnostics");
    let cases = trybuild::TestCases::new();
    cases.compile_fail("closures/*.rs");
    cases.compile_fail("methods/*.rs");
}

/// Such as `1.95.0`.
fn compiler_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("the compiler of this test runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().nth(1).unwrap_or_default().to_owned()
}

/// Whether it is [`RELEASE`], and not one of the nightly or beta versions before it.
fn is_release(version: &str) -> bool {
    let patch = version.strip_prefix(RELEASE).and_then(|rest| rest.strip_prefix('.'));
    patch.is_some_and(|patch| patch.parse::<u32>().is_ok())
}

#[test]
fn versions_before_a_release_are_not_the_release() {
    assert!(is_release("1.95.0") && is_release("1.95.12"));
    for other in ["1.95.0-nightly", "1.95.0-beta.3", "1.9.5", "1.950.0", "1.96.0", ""] {
        assert!(!is_release(other), "{other}");
    }
}
