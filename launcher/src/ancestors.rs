//! Which living processes above this one run the same program: asked of the kernel (`/proc`), for anybody can write a
//! command line or a variable.

/// What a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// The same file as this process.
    This,
    Another,
    /// Nobody says: there is no `/proc`, or the process belongs to somebody else.
    Untold,
}

/// How far up is looked; processes that wait for each other are rarely so many.
const FURTHEST: usize = 256;

/// Counts the ancestors that run this program, up to more than `enough`; `None` when the kernel tells nothing.
fn count(
    process: u32,
    enough: u32,
    parent_of: impl Fn(u32) -> Option<u32>,
    runs: impl Fn(u32) -> Runs,
) -> Option<u32> {
    let mut above = parent_of(process)?;
    let mut found = 0;
    for _ in 0..FURTHEST {
        if above == 0 || found > enough {
            break;
        }
        found += u32::from(runs(above) == Runs::This);
        let Some(next) = parent_of(above) else { break };
        above = next;
    }
    Some(found)
}

/// How many living ancestors run this program, up to more than `enough`, and the parent; `None` where nobody says.
pub(crate) fn living(enough: u32) -> Option<(u32, u32)> {
    let own = system::identity("self")?;
    let process = std::process::id();
    let parent = system::parent_of(process)?;
    Some((count(process, enough, system::parent_of, |process| system::runs(process, own))?, parent))
}

/// What the process that started this one runs.
pub(crate) fn parent() -> Runs {
    let Some(own) = system::identity("self") else { return Runs::Untold };
    match system::parent_of(std::process::id()) {
        Some(parent) if parent != 0 => system::runs(parent, own),
        _ => Runs::Untold,
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::Runs;

    /// The file that a process runs, whatever has become of its name.
    pub(super) fn identity(process: &str) -> Option<(u64, u64)> {
        let file = fs::metadata(format!("/proc/{process}/exe")).ok()?;
        Some((file.dev(), file.ino()))
    }

    pub(super) fn runs(process: u32, own: (u64, u64)) -> Runs {
        match identity(&process.to_string()) {
            Some(found) if found == own => Runs::This,
            Some(_) => Runs::Another,
            None => Runs::Untold,
        }
    }

    /// From `stat`, where a name in parentheses, with anything in it, stands before the state and the parent (proc(5)).
    pub(super) fn parent_of(process: u32) -> Option<u32> {
        let text = fs::read(format!("/proc/{process}/stat")).ok()?;
        let text = String::from_utf8_lossy(&text);
        let (_, rest) = text.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    }
}

/// Elsewhere nothing is asked yet.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::Runs;

    pub(super) fn identity(_process: &str) -> Option<(u64, u64)> {
        None
    }

    pub(super) fn runs(_process: u32, _own: (u64, u64)) -> Runs {
        Runs::Untold
    }

    pub(super) fn parent_of(_process: u32) -> Option<u32> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_of_the_same_program_are_counted_whatever_stands_between() {
        // Each process's parent is the one before it; the even ones run this program.
        let runs =
            |process: u32| if process.is_multiple_of(2) { Runs::This } else { Runs::Another };
        let parent_of = |process: u32| process.checked_sub(1);
        for (process, enough, found) in
            [(1, 8, Some(0)), (3, 8, Some(1)), (10, 8, Some(4)), (100, 8, Some(9)), (0, 8, None)]
        {
            assert_eq!(count(process, enough, parent_of, runs), found, "{process}");
        }
        // A process that is its own parent does not keep us for ever.
        assert_eq!(count(1, 8, |_| Some(1), |_| Runs::Another), Some(0));
    }
}
