//! `cargo xtask free-threaded`: the launcher's tests on a Python without a GIL.

mod home;

use anyhow::bail;

use crate::Verdict;
use crate::flags;
use crate::progress::{Progress, Show};
use crate::pythons;
use crate::version::Version;
use crate::workspace::Workspace;

/// Named although it is the machine's own, so that build scripts and macros are linked as they always are.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn run(workspace: &Workspace, flags: &flags::FreeThreaded) -> anyhow::Result<Verdict> {
    // `3.14` and `3.14t` mean the same here.
    let minor = flags.python.minor;
    let is_supported = workspace.range.contains(Version::new(minor));
    if minor < 14 || !is_supported {
        bail!("free-threaded Pythons are supported from 3.14 on, and 3.{minor} is none of those");
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!("the free-threaded Python that is fetched here is for Linux on x86-64");
    }
    let progress = Progress::new(flags.verbose);
    let helper = pythons::chosen(workspace, None)?;
    let Some(home) = home::make(workspace, &progress, &helper, minor)? else {
        return Ok(Verdict::Bad);
    };
    let mut test = workspace.cargo(&["test", "--package", "launcher", "--no-fail-fast"]);
    let linker = workspace.root.join("xtask/free-threaded/link-gcc");
    test.args(["--target", TRIPLE, "--target-dir"])
        .arg(workspace.target.join(format!("py3.{minor}t")))
        .env("COLDFRAME_FREE_THREADED", &home.folder)
        .env("PYO3_CONFIG_FILE", &home.configuration)
        .env("COLDFRAME_BUILD_PYTHON", &home.python)
        .env("RUSTFLAGS", format!("-Clinker={} -Clinker-flavor=gcc", linker.display()))
        .arg("--")
        .args(&flags.filter);
    let label = format!("the launcher's tests on free-threaded {}", home.release);
    let finished = progress.run(&label, &mut test, Show::FailedTests)?;
    for line in finished.output.lines() {
        let is_told = ["test result: ", "SKIPPED: ", "error: "];
        if is_told.iter().any(|start| line.starts_with(start)) {
            println!("{line}");
        }
    }
    println!("{label}: {:?} in {} s", finished.status, finished.elapsed.as_secs());
    Ok(Verdict::from_failures((finished.status != crate::progress::Status::Good).into()))
}
