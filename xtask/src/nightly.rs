//! The nightly compiler, which a few tasks need beside this workspace's own.

use std::process::{Command, Stdio};

/// The way out where there is none.
pub const MISSING: &str =
    "there is no nightly compiler (`rustup toolchain install nightly` gets one)";

/// A program of the nightly toolchain, without the variables by which the running toolchain would replace it.
pub fn nightly(program: &str) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", program]);
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    command
}

/// Whether there is a nightly compiler.
pub fn is_there() -> bool {
    works(nightly("rustc").arg("--version"))
}

/// Whether a command ends well; its output is of no interest.
pub fn works(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
