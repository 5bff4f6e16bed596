//! The places of results: options of the tasks that compare.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

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
}
