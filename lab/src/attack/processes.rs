//! Processes that are killed, processes that start themselves again, and the environment that they hand on.

use std::process::Command;

use super::programs::Program;
use super::run::{self, Ending};
use super::{Cell, TestFolder};

const METHODS: &[&str] = &["fork", "forkserver", "spawn"];

/// Starts the program in namespaces, kills it when it is ready, and counts what is left after a time: processes (but for this
/// one), files in the temporary folder, and shared memory. The folder `pymp-…` is of a manager's parent, who alone removes it,
/// under `python` too.
const KILL: &str = r#"
mount -t tmpfs none /dev/shm
mount -t tmpfs none "$TMPDIR"
"$@" > "$SAID" 2>&1 &
pid=$!
for i in $(seq 300); do grep -q ready "$SAID" && break; sleep 0.1; done
grep -q ready "$SAID"
kill -9 $pid
for i in $(seq 80); do
    left=0
    for status in /proc/[0-9]*/stat; do
        read -r id name state rest < "$status" || continue
        if [ "$id" != $$ ] && [ "$state" != Z ]; then left=$((left + 1)); fi
    done 2> /dev/null
    [ $left = 0 ] && break
    sleep 0.1
done
echo $left $(ls -A "$TMPDIR" | grep -cvE '^(cache|pymp-.*)$') $(ls -A /dev/shm | wc -l)
"#;

/// A parent that is killed, with a pool, a manager and shared memory, under each start method.
pub(super) fn killed(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    let mut left = [0; 3];
    for method in METHODS {
        let said = test_folder.scratch("said")?.join("said");
        let mut command =
            run::shell(&["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"], KILL);
        run::prepare(&mut command, &test_folder.scratch("home")?);
        command.env("SAID", said).args(&program.command).args(["wait", method]);
        let outcome = run::run(&mut command, b"")?;
        let found: Vec<usize> =
            outcome.stdout.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        if outcome.ending != Ending::Code(0) || found.len() != left.len() {
            return Ok(Cell::NotTried(outcome.why()));
        }
        for (sum, found) in left.iter_mut().zip(found) {
            *sum += found;
        }
    }
    let [processes, files, memory] = left;
    let told =
        format!("{processes} processes, {files} files, {memory} pieces of shared memory left");
    Ok(if left == [0; 3] { Cell::Holds(told) } else { Cell::Fails(told) })
}

/// A service that takes its own place, again and again.
pub(super) fn restarts(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    let n_times = if test_folder.quick { "10" } else { "20" };
    let outcome = plain(test_folder, program, &["restart", n_times])?;
    Ok(if outcome.ending == Ending::Code(0) && outcome.stdout.starts_with("restarted") {
        Cell::Holds(format!("{n_times} of {n_times}"))
    } else {
        Cell::Fails(outcome.why())
    })
}

/// The new variables that a child finds. Coldframe's own hold no argument, and nothing that other programs read.
pub(super) fn environment(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    let outcome = plain(test_folder, program, &["environment"])?;
    let line = outcome.stdout.lines().find_map(|line| line.strip_prefix("environment"));
    let Some(line) = line else { return Ok(Cell::Fails(outcome.why())) };
    let others: Vec<_> =
        line.split_whitespace().filter(|name| !name.starts_with("COLDFRAME_")).collect();
    let told = if line.trim().is_empty() { "nothing" } else { line.trim() };
    Ok(if others.is_empty() { Cell::Holds(told.to_owned()) } else { Cell::Fails(told.to_owned()) })
}

fn plain(
    test_folder: &TestFolder<'_>,
    program: &Program,
    words: &[&str],
) -> anyhow::Result<run::Outcome> {
    let Some((first, rest)) = program.command.split_first() else {
        anyhow::bail!("a program without a name");
    };
    let mut command = Command::new(first);
    run::prepare(&mut command, &test_folder.scratch("home")?);
    command.env("PATH", "/usr/bin:/bin");
    run::run(command.args(rest).args(words), b"")
}
