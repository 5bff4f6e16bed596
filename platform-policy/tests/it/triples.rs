//! Every target that rustc knows.

use std::process::Command;

use platform_policy::Os;
use target_lexicon::Triple;

/// The output of `rustc --print target-list`, of the release in [`LISTED_BY`].
const LIST: &str = include_str!("../data/target-list.txt");
const LISTED_BY: &str = "rustc 1.95.";

#[test]
fn every_target_of_rustc_is_classified() {
    let mut table = String::new();
    for name in LIST.lines() {
        let os = Os::of_name(name).unwrap_or_else(|error| panic!("{error}"));
        let note = match name.parse::<Triple>() {
            Ok(triple) => {
                assert_eq!(Os::of(&triple), os, "the two ways to classify {name} differ");
                String::new()
            }
            Err(error) => format!("by name: {error}"),
        };
        table.push_str(format!("{name:<44}{os:<14}{note}").trim_end());
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

/// Holds the list in `data` against the rustc that is here. A newer one may know more targets; each must be classifiable.
#[test]
fn the_list_is_that_of_rustc() {
    let Some(version) = rustc(&["--version"]) else {
        eprintln!("SKIPPED: there is no rustc to ask");
        return;
    };
    let now = rustc(&["--print", "target-list"])
        .expect("rustc printed its version, so it prints its targets");
    for name in now.lines() {
        if let Err(error) = Os::of_name(name) {
            panic!("{}: {error}; add its system to `triple_name.rs`", version.trim());
        }
    }
    if version.starts_with(LISTED_BY) {
        assert!(
            now == LIST,
            "data/target-list.txt is not what `rustc --print target-list` prints now"
        );
    }
}

fn rustc(arguments: &[&str]) -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn spellings_that_rustc_does_not_use() {
    let mut table = String::new();
    for name in [
        // LLVM's names of macOS and its kin, with and without a version.
        "x86_64-apple-macosx",
        "aarch64-apple-macosx11.0.0",
        "aarch64-apple-darwin23.1.0",
        "aarch64-apple-xros",
        "arm64-apple-ios13.0.0-simulator",
        "wasm32-unknown-wasi",
        "x86_64-unknown-linux-kernel",
        // Cygwin as LLVM spells it, and its offspring.
        "x86_64-pc-windows-cygnus",
        "x86_64-pc-msys",
        // A part that nobody knows beside one that decides.
        "riscv128-linux-android",
        "wasm128-unknown-linux-musl",
        "z80-pc-windows-new",
        // Texts that name no system at all.
        "",
        "-",
        "linux",
        "x86_64",
        "x86_64-pc-msdos",
        "\u{1b}[2J-x-y",
    ] {
        let outcome = Os::of_name(name).map_or_else(|error| error.to_string(), |os| os.to_string());
        table.push_str(&format!("{:<36}{outcome}\n", format!("{name:?}")));
    }
    insta::assert_snapshot!(table);
}
