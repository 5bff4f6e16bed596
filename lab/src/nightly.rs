//! The nightly toolchain, which fuzzing and Miri need.

use std::process::{Command, Stdio};

/// The way to a toolchain that is not there.
pub(crate) const MISSING: &str =
    "there is no nightly compiler (`rustup toolchain install nightly` gets one)";

/// A program of the nightly toolchain, without the variables by which the running toolchain would replace it.
pub(crate) fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn works(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
