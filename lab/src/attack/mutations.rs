//! Damage: bytes of an executable are changed, cut off, taken out and put in, and it runs again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::numbers::Numbers;
use super::programs::{Maker, Program};
use super::run::{self, Ending, Outcome};
use super::{Cell, TestFolder};

/// The first bytes of a Coldframe archive, which lies at a whole page.
const ARCHIVE: &[u8] = b"\x89CFA\r\n\x1a\n";
const PAGE: usize = 4096;

/// The end of a damaged program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Unharmed,
    Told,
    Refused,
    Signal,
    Hung,
    /// The program does something else, or ends without a word.
    Other,
}

impl Fate {
    fn words(self) -> &'static str {
        match self {
            Self::Unharmed => "as before",
            Self::Told => "end with a message",
            Self::Refused => "refused by the system",
            Self::Signal => "end by a signal",
            Self::Hung => "hang",
            Self::Other => "SOMETHING ELSE",
        }
    }

    fn of(maker: Maker, whole: &Outcome, damaged: &Outcome) -> Self {
        let is_command = damaged.stderr.contains("Usage: coldframe");
        // Ours are documented in the README, and 1 is python's own for an exception.
        let is_documented = |code: i32| maker != Maker::Ours || (1..=5).contains(&code);
        match damaged.ending {
            Ending::NotStarted => Self::Refused,
            Ending::Late => Self::Hung,
            Ending::Signal(_) => Self::Signal,
            Ending::Code(0) if damaged.stdout == whole.stdout => Self::Unharmed,
            // By the dynamic linker, before any code of the program runs.
            Ending::Code(127) => Self::Refused,
            Ending::Code(0) => Self::Other,
            Ending::Code(_) if damaged.stderr.trim().is_empty() || is_command => Self::Other,
            Ending::Code(code) if is_documented(code) => Self::Told,
            Ending::Code(_) => Self::Other,
        }
    }
}

/// Damages the archive behind the program's own code.
pub(super) fn of_archive(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    attack(
        test_folder,
        program,
        700,
        |range, length| range.end..length,
        |result| matches!(result, Fate::Signal | Fate::Hung | Fate::Other),
    )
}

/// Damages the program's own code and data, which nothing can check before it runs.
pub(super) fn of_program(test_folder: &TestFolder<'_>, program: &Program) -> anyhow::Result<Cell> {
    attack(test_folder, program, 100, |range, _| range, |_| false)
}

fn attack(
    test_folder: &TestFolder<'_>,
    program: &Program,
    wanted: usize,
    part: impl Fn(Range<usize>, usize) -> Range<usize>,
    is_bad: impl Fn(Fate) -> bool,
) -> anyhow::Result<Cell> {
    let Some(executable) = program.executable() else { return Ok(Cell::NoAnswer) };
    let bytes = fs::read(executable)
        .with_context(|| format!("could not read `{}`", executable.display()))?;
    let copy = test_folder.scratch("damaged")?.join("program");
    fs::copy(executable, &copy).with_context(|| format!("could not write `{}`", copy.display()))?;
    let range = part(code(program.maker, &bytes), bytes.len());
    // An executable of PyInstaller's takes a second.
    let n_mutations = match (test_folder.quick, program.maker) {
        (true, _) => wanted / 7,
        (false, Maker::OneFile) => wanted / 7,
        (false, Maker::Ours | Maker::Python) => wanted,
    };
    let folder = test_folder.scratch("home")?;
    let start = || {
        let mut command = Command::new(&copy);
        run::prepare(&mut command, &folder);
        command.arg("imports");
        run::run(&mut command, b"")
    };
    let whole = start()?;
    if whole.ending != Ending::Code(0) {
        return Ok(Cell::Fails(format!("the whole one does not run: {}", whole.why())));
    }
    let mut counts: BTreeMap<Fate, usize> = BTreeMap::new();
    let mut first_bad = None;
    let mut numbers = Numbers::new(700);
    for number in 0..n_mutations {
        let at = range.start + numbers.below(range.len());
        let shown = damage(&copy, &bytes, number, at, &mut numbers)?;
        let damaged = start()?;
        let result = Fate::of(program.maker, &whole, &damaged);
        *counts.entry(result).or_default() += 1;
        if is_bad(result) && first_bad.is_none() {
            first_bad = Some(format!("{shown}: {}", damaged.why()));
        }
        restore(&copy, &bytes, number, at)?;
    }
    let told: Vec<_> =
        counts.iter().map(|(result, count)| format!("{count} {}", result.words())).collect();
    let told = format!("{n_mutations}: {}", told.join(", "));
    Ok(match first_bad {
        None => Cell::Holds(told),
        Some(first) => Cell::Fails(format!("{told} (first: {first})")),
    })
}

/// The range of the program's own code.
fn code(maker: Maker, bytes: &[u8]) -> Range<usize> {
    let pages = (PAGE..bytes.len()).step_by(PAGE);
    let archive = match maker {
        Maker::Ours => {
            pages.rev().find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(ARCHIVE)))
        }
        // A bootloader is small.
        Maker::Python | Maker::OneFile => None,
    };
    0..archive.unwrap_or(bytes.len() / 16)
}

/// Damages the file in one of six ways, and says how.
fn damage(
    file: &Path,
    bytes: &[u8],
    number: usize,
    at: usize,
    numbers: &mut Numbers,
) -> anyhow::Result<String> {
    let rest = bytes.get(at..).unwrap_or_default();
    let changed = |length: usize, change: &mut dyn FnMut(u8) -> u8| -> Vec<u8> {
        rest.iter().take(length).map(|byte| change(*byte)).collect()
    };
    let (shown, written, length) = match number % 6 {
        0 => {
            let bit = 1_u8 << numbers.below(8);
            ("a bit is another", changed(1, &mut |byte| byte ^ bit), bytes.len())
        }
        1 => ("64 bytes are zero", changed(64, &mut |_| 0), bytes.len()),
        2 => ("16 bytes are others", changed(16, &mut |_| numbers.next() as u8), bytes.len()),
        3 => ("all behind it is cut off", Vec::new(), at),
        4 => ("a byte is taken out", rest.get(1..).unwrap_or_default().to_vec(), bytes.len() - 1),
        _ => {
            let mut longer = vec![numbers.next() as u8];
            longer.extend(rest);
            ("a byte is put in", longer, bytes.len() + 1)
        }
    };
    write(file, at, &written, length)?;
    Ok(format!("at {at}, {shown}"))
}

fn restore(file: &Path, bytes: &[u8], number: usize, at: usize) -> anyhow::Result<()> {
    let rest = bytes.get(at..).unwrap_or_default();
    // The first three ways change few bytes.
    let length = if number % 6 < 3 { rest.len().min(64) } else { rest.len() };
    write(file, at, rest.get(..length).unwrap_or_default(), bytes.len())
}

fn write(file: &Path, at: usize, bytes: &[u8], length: usize) -> anyhow::Result<()> {
    let written = File::options().write(true).open(file).and_then(|mut file| {
        file.seek(SeekFrom::Start(at as u64))?;
        file.write_all(bytes)?;
        file.set_len(length as u64)
    });
    written.with_context(|| format!("could not write `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ending: Ending, stdout: &str, stderr: &str) -> Outcome {
        Outcome { ending, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    #[test]
    fn a_damaged_program_is_judged_by_what_it_does() {
        let whole = outcome(Ending::Code(0), "right", "");
        for (damaged, expected) in [
            (outcome(Ending::Code(0), "right", ""), Fate::Unharmed),
            (outcome(Ending::Code(0), "wrong", "a warning"), Fate::Other),
            (outcome(Ending::Code(3), "", "error: it is damaged"), Fate::Told),
            (outcome(Ending::Code(3), "", "\n"), Fate::Other),
            (outcome(Ending::Code(120), "", "error: it is damaged"), Fate::Other),
            (outcome(Ending::Code(2), "", "Usage: coldframe <COMMAND>"), Fate::Other),
            (outcome(Ending::Code(127), "", "x: not found"), Fate::Refused),
            (outcome(Ending::NotStarted, "", ""), Fate::Refused),
            (outcome(Ending::Signal(11), "", ""), Fate::Signal),
            (outcome(Ending::Late, "", ""), Fate::Hung),
        ] {
            assert_eq!(Fate::of(Maker::Ours, &whole, &damaged), expected, "{damaged:?}");
        }
    }

    #[test]
    fn damage_is_undone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        let bytes: Vec<u8> = (0..=255).collect();
        for number in 0..6 {
            fs::write(&file, &bytes).expect("written");
            damage(&file, &bytes, number, 100, &mut Numbers::new(9)).expect("damaged");
            assert_ne!(fs::read(&file).expect("read"), bytes, "{number}");
            restore(&file, &bytes, number, 100).expect("restored");
            assert_eq!(fs::read(&file).expect("read"), bytes, "{number}");
        }
    }
}
