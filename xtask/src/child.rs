//! A child in a process group of its own, which ends with all that it has started.

use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

const PAUSE: Duration = Duration::from_millis(20);

/// Starts a command in a group of its own.
pub(crate) fn start(command: &mut Command) -> anyhow::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    command
        .spawn()
        .with_context(|| format!("could not start `{}`", command.get_program().to_string_lossy()))
}

/// Waits until the child has ended, or until it `is_late`, and then kills its group; `None` in that case.
pub(crate) fn wait(
    child: &mut Child,
    mut is_late: impl FnMut() -> bool,
) -> anyhow::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait().context("could not wait for a child")? {
            return Ok(Some(status));
        }
        if is_late() {
            // The whole group: what a child that hangs has started hangs as well.
            let group = format!("-{}", child.id());
            let _gone_already = Command::new("kill").args(["-KILL", "--", &group]).status();
            // Where there is no such program, at least the child itself ends.
            let _gone_already = child.kill();
            child.wait().context("could not wait for a child")?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}
