//! The command line of the lab: a task for each way to prove something, and where tasks that compare keep their results.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use xtask::flags::EXIT_CODES;

/// Coldframe's experiments: CPython's own suites, packages, other systems, attacks, random bytes, times and sizes.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Lab {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Fetched(crate::fetched::flags::Fetched),
    Conformance(crate::conformance::flags::Conformance),
    Packages(crate::packages::flags::Packages),
    Elsewhere(crate::elsewhere::flags::Elsewhere),
    Fuzz(crate::fuzz::flags::Fuzz),
    #[cfg(target_os = "linux")]
    Attack(crate::attack::flags::Attack),
    Bench(crate::bench::flags::Bench),
}

/// The places where a task that compares leaves its results.
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// The folder for built programs and for results as JSON [default: a folder of the command's name in the target folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Write the table as Markdown to this file too.
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,

    /// Show all output of every step as it comes.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

impl Results {
    /// The folder for results. Its path is absolute, for programs run with other current folders.
    pub(crate) fn folder(&self, default: PathBuf) -> anyhow::Result<PathBuf> {
        let folder = self.out.clone().unwrap_or(default);
        std::path::absolute(&folder)
            .with_context(|| format!("`{}` is no path of a folder", folder.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use clap::CommandFactory as _;
    use xtask::lab;

    #[test]
    fn results_are_kept_below_a_whole_path() {
        let results = |out: Option<&str>| super::Results {
            out: out.map(PathBuf::from),
            table: None,
            verbose: false,
        };
        let here = std::env::current_dir().expect("a current folder");
        let default = here.join("default");
        assert_eq!(results(None).folder(default.clone()).expect("a path"), default);
        let relative = results(Some("some/results")).folder(default).expect("a path");
        assert_eq!(relative, here.join("some/results"));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        super::Lab::command().debug_assert();
    }

    #[test]
    fn the_task_runner_lists_each_task_with_its_line() {
        let command = super::Lab::command();
        let own = command.get_subcommands().map(|task| {
            let about = task.get_about().map(ToString::to_string).unwrap_or_default();
            (task.get_name().to_owned(), about)
        });
        let listed = lab::TASKS.iter().map(|task| (task.name.to_owned(), task.about.to_owned()));
        assert_eq!(own.collect::<Vec<_>>(), listed.collect::<Vec<_>>());
    }
}
