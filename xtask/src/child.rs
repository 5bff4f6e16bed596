//! Children: those in a process group of their own, which end with all that they have started, and those that answer.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};

const PAUSE: Duration = Duration::from_millis(20);

/// Starts a command in a group of its own.
pub fn start(command: &mut Command) -> anyhow::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
        .spawn()
        .with_context(|| format!("could not start `{}`", command.get_program().to_string_lossy()))
}

/// Waits until the child has ended, or until it `is_late`, and then kills its group; `None` in that case.
pub fn wait(
    child: &mut Child,
    mut is_late: impl FnMut() -> bool,
) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait().context("could not wait for a child")? {
            return Ok(Some(status));
        }
        if is_late() {
            // The whole group: processes that a hanging child has started hang as well.
            let group = format!("-{}", child.id());
            let _gone_already = Command::new("kill").args(["-KILL", "--", &group]).status();
            // Without that program, at least the child itself ends.
            let _gone_already = child.kill();
            child.wait().context("could not wait for a child")?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

/// The text that a command prints, without any input; an error when it fails.
pub fn said(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{program}`"))?;
    if !output.status.success() {
        bail!("`{program}` fails: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
