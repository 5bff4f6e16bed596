//! `cargo xtask miri`: tests of the pure crates under Miri.

pub(crate) mod flags;

use anyhow::bail;
use comfy_table::{Table, presets};
use xtask::Verdict;
use xtask::nightly::{self, nightly, works};
use xtask::progress::{Progress, Show, Status};
use xtask::workspace::Workspace;

use self::flags::Miri;

/// The tests of a crate that Miri runs.
struct Part {
    /// The folder of the crate.
    folder: &'static str,
    /// The words behind `cargo miri test`.
    arguments: &'static [&'static str],
    /// Whether its tests may leave memory behind.
    may_leak: bool,
    /// The tests that are not run, and why.
    left_out: &'static str,
}

const PARTS: [Part; 5] = [
    Part {
        folder: "importer-core",
        // Hooks of the tests own the registry that owns them.
        may_leak: true,
        arguments: &[
            "--test",
            "it",
            "--",
            "hooks::",
            "a_small_archive",
            "files_come_from",
            "merging_alone",
        ],
        left_out: "maps of files and decompression, which are C; every cut and flipped byte, and larger archives, for hours",
    },
    Part {
        folder: "interp-config",
        may_leak: false,
        arguments: &["--lib", "--test", "it", "--", "--skip", "properties::"],
        left_out: "random settings, for hours",
    },
    Part {
        folder: "platform-policy",
        may_leak: false,
        arguments: &[
            "--lib",
            "--test",
            "it",
            "--",
            "--skip",
            "pythons::",
            "--skip",
            "the_list_is_that_of_rustc",
        ],
        left_out: "comparisons with Python and with rustc, which start programs",
    },
    Part {
        folder: "manifest",
        may_leak: false,
        arguments: &["--lib", "--test", "table"],
        left_out: "",
    },
    Part {
        folder: "mapped-libraries",
        may_leak: false,
        arguments: &["--lib", "--features", "read", "--", "tests::a_layout", "name::"],
        left_out: "files in memory and the dynamic linker, which are C",
    },
];

/// The run of one part.
struct Row {
    part: &'static Part,
    status: Status,
    passed: usize,
}

pub(crate) fn run(workspace: &Workspace, flags: &Miri) -> anyhow::Result<Verdict> {
    let progress = Progress::new(flags.verbose);
    let parts = chosen(&flags.package)?;
    let missing = if !nightly::is_there() {
        Some(nightly::MISSING)
    } else if !works(nightly("cargo").args(["miri", "--version"])) {
        Some("there is no Miri (`rustup +nightly component add miri rust-src` gets it)")
    } else {
        None
    };
    if let Some(why) = missing {
        eprintln!("SKIPPED: miri: nothing was tried: {why}");
        return Ok(if flags.require { Verdict::Bad } else { Verdict::Good });
    }
    let mut rows = Vec::new();
    for part in parts {
        let mut test = nightly("cargo");
        test.args(["miri", "test", "--package", &format!("coldframe-{}", part.folder)]);
        test.arg("--target-dir").arg(workspace.target.join("miri")).args(part.arguments);
        // The tests read their own samples, and ask the clock. Snapshots would start cargo to learn where they are.
        let leaks = if part.may_leak { " -Zmiri-ignore-leaks" } else { "" };
        test.current_dir(&workspace.root);
        test.env("MIRIFLAGS", format!("-Zmiri-disable-isolation{leaks}"));
        test.env("INSTA_WORKSPACE_ROOT", &workspace.root).env("INSTA_UPDATE", "no");
        let finished =
            progress.run(&format!("Miri: {}", part.folder), &mut test, Show::AtFailure)?;
        let passed = n_passed(&finished.output);
        // A part whose filter names no test any more has shown nothing.
        let status = if passed == 0 { Status::Failed } else { finished.status };
        rows.push(Row { part, status, passed });
    }
    println!("{}", table(&rows));
    let n_failed = rows.iter().filter(|row| row.status == Status::Failed).count();
    println!("{} passed, {n_failed} failed", rows.len() - n_failed);
    Ok(Verdict::from_failures(n_failed))
}

/// The parts that were named, or all.
fn chosen(named: &[String]) -> anyhow::Result<Vec<&'static Part>> {
    let folders = || PARTS.iter().map(|part| part.folder);
    if let Some(unknown) = named.iter().find(|name| !folders().any(|folder| folder == **name)) {
        let all: Vec<_> = folders().collect();
        bail!("Miri runs no tests of `{unknown}`; it runs those of: {}", all.join(", "));
    }
    let is_named = |part: &&Part| named.is_empty() || named.iter().any(|name| name == part.folder);
    Ok(PARTS.iter().filter(is_named).collect())
}

/// The number of tests that passed, by the last line of each test program: `test result: ok. 7 passed; 0 failed; …`.
fn n_passed(output: &str) -> usize {
    let lines = output.lines().filter_map(|line| line.trim().strip_prefix("test result: "));
    let counts = lines
        .filter_map(|line| line.split_once(". ")?.1.split_once(" passed")?.0.parse::<usize>().ok());
    counts.sum()
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(["crate", "tests", "result", "left out"]);
    for row in rows {
        let result = match row.status {
            Status::Good => "ok",
            Status::Failed => "FAILED",
        };
        table.add_row([row.part.folder, &row.passed.to_string(), result, row.part.left_out]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_over_all_programs() {
        let output = "\ntest result: ok. 7 passed; 0 failed; 0 ignored\n\nrunning 2 tests\n\
                      test result: ok. 2 passed; 0 failed; 0 ignored; finished in 3.2s\n";
        assert_eq!(n_passed(output), 9);
        assert_eq!(n_passed("error: could not compile"), 0);
    }

    #[test]
    fn a_crate_that_miri_cannot_run_is_named_beside_those_that_it_can() {
        let error = chosen(&["launcher".to_owned()]).err().map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains("`launcher`") && error.contains("importer-core"), "{error}");
        assert_eq!(chosen(&[]).map(|parts| parts.len()).ok(), Some(PARTS.len()));
    }
}
