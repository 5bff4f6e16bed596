//! The living processes above this one that run the same program: asked of the kernel (`/proc`), for anybody can write a
//! command line or a variable.

/// The program of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// The same file as this process.
    This,
    Another,
    /// There is no answer: there is no `/proc`, or the process belongs to another user.
    Unknown,
}

/// The most processes above that are looked at; processes that wait for each other are rarely so many.
const FURTHEST: usize = 256;

/// The processes above this one, as far as the kernel tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LivingAncestors {
    /// The program of the process that started this one.
    pub(crate) parent: Runs,
    /// The number of living ancestors that run this program, and the parent's number; `None` where
    /// the system does not tell, or nothing asks.
    pub(crate) living: Option<(u32, u32)>,
}

impl LivingAncestors {
    /// Whether a process of this program started this one: as the kernel tells, or, where it does not, by the parent's mark,
    /// which does not outlive `sudo`.
    pub(crate) fn is_this(&self, is_marked: bool) -> bool {
        is_this(self.parent, is_marked)
    }
}

fn is_this(parent: Runs, is_marked: bool) -> bool {
    match parent {
        Runs::This => true,
        Runs::Another => false,
        Runs::Unknown => is_marked,
    }
}

/// The same, where nothing is counted.
#[cfg(feature = "runtime")]
pub(crate) fn is_started_by_this(is_marked: bool) -> bool {
    let parent = match (system::identity("self"), system::parent()) {
        (Some(own), Some(parent)) if parent != 0 => system::runs(parent, own),
        _ => Runs::Unknown,
    };
    is_this(parent, is_marked)
}

/// Looks at the parent, and counts the ancestors that run this program, up to more than `enough`, where there may be some: the
/// parent is one, or it `is_marked`, by a variable that one of them has left in the environment.
pub(crate) fn look(enough: u32, is_marked: bool) -> LivingAncestors {
    let parent = system::parent();
    let (Some(own), Some(parent)) = (system::identity("self"), parent.filter(|id| *id != 0)) else {
        return LivingAncestors { parent: Runs::Unknown, living: None };
    };
    let runs = |process| system::runs(process, own);
    let by = runs(parent);
    let living = match by {
        Runs::Another if !is_marked => Some(0),
        Runs::Unknown if !is_marked => None,
        _ => Some(count(parent, enough, system::parent_of, runs)),
    };
    LivingAncestors { parent: by, living: living.map(|living| (living, parent)) }
}

/// Counts the processes that run this program, from that one upwards, up to more than `enough`.
fn count(
    process: u32,
    enough: u32,
    parent_of: impl Fn(u32) -> Option<u32>,
    runs: impl Fn(u32) -> Runs,
) -> u32 {
    let (mut above, mut found) = (process, 0);
    for _ in 0..FURTHEST {
        if above == 0 || found > enough {
            break;
        }
        found += u32::from(runs(above) == Runs::This);
        let Some(next) = parent_of(above) else { break };
        above = next;
    }
    found
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::fs;
    use std::io::Read as _;
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
            None => Runs::Unknown,
        }
    }

    /// Nothing where the system has no parents to tell.
    pub(super) fn parent() -> Option<u32> {
        Some(std::os::unix::process::parent_id())
    }

    /// Reads `stat`, where a name in parentheses, with anything in it, stands before the state and the parent (proc(5)).
    pub(super) fn parent_of(process: u32) -> Option<u32> {
        // The number of the process, its name of 64 bytes at most, the state and the parent: once is enough.
        let mut text = [0; 128];
        let mut file = fs::File::open(format!("/proc/{process}/stat")).ok()?;
        let length = file.read(&mut text).ok()?;
        let text = String::from_utf8_lossy(text.get(..length)?);
        let (_, rest) = text.rsplit_once(')')?;
        rest.split_whitespace().nth(1)?.parse().ok()
    }
}

/// On other systems nothing is asked yet.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::Runs;

    pub(super) fn identity(_process: &str) -> Option<(u64, u64)> {
        None
    }

    pub(super) fn runs(_process: u32, _own: (u64, u64)) -> Runs {
        Runs::Unknown
    }

    pub(super) fn parent() -> Option<u32> {
        None
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
        for (process, enough, found) in [(1, 8, 0), (3, 8, 1), (10, 8, 5), (100, 8, 9), (0, 8, 0)] {
            assert_eq!(count(process, enough, parent_of, runs), found, "{process}");
        }
        // A process that is its own parent does not keep us for ever.
        assert_eq!(count(1, 8, |_| Some(1), |_| Runs::Another), 0);
    }
}
