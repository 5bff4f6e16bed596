//! The part of the command line that is about sizes.

use clap::Args;

/// Measurements of sizes in place of start-up times, and the use of their results.
#[derive(Debug, Args)]
pub(crate) struct Sizes {
    /// Measure sizes, times and memory of builds, beside PyInstaller's.
    #[arg(long)]
    pub(crate) sizes: bool,

    /// Take only these applications.
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "sizes")]
    pub(crate) apps: Vec<String>,

    /// Build with Coldframe alone in the shared environment, where PyInstaller takes minutes for each application.
    #[arg(long, requires = "sizes")]
    pub(crate) shared_alone: bool,

    /// Leave out the rows on memory with 7 GB and on start-up.
    #[arg(long, requires = "sizes")]
    pub(crate) no_others: bool,

    /// Write the tables, with the date, to docs/size.md.
    #[arg(long, requires = "sizes")]
    pub(crate) write: bool,

    /// Fail when anything could not be measured.
    #[arg(long, requires = "sizes")]
    pub(crate) require: bool,
}
