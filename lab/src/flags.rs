//! The command line of the lab: a task for each way to prove something.

use clap::{Parser, Subcommand};
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
    Platforms(crate::platforms::flags::Platforms),
    Conformance(crate::conformance::flags::Conformance),
    Packages(crate::packages::flags::Packages),
    Elsewhere(crate::elsewhere::flags::Elsewhere),
    Fuzz(crate::fuzz::flags::Fuzz),
    Miri(crate::miri::flags::Miri),
    #[cfg(target_os = "linux")]
    Attack(crate::attack::flags::Attack),
    Api(crate::api::flags::Api),
    Bench(crate::bench::flags::Bench),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;
    use xtask::lab;

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
