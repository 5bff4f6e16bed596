//! An executable's needs of a system, as `--json` prints them.

use packer::{GlibcVersion, Needs};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct NeedsSummary {
    /// The version of glibc.
    glibc: Option<String>,
    /// The distributions that have it.
    distributions: Option<String>,
    /// The level of x86-64 that a file asks for.
    x86_64_level: Option<u8>,
    /// The files that need a version, the highest version first.
    files: Vec<FileSummary>,
}

#[derive(Serialize)]
struct FileSummary {
    file: String,
    glibc: String,
    symbols: Vec<String>,
}

impl NeedsSummary {
    pub(super) fn of(needs: &Needs) -> Self {
        let files = needs.all().into_iter().map(|need| FileSummary {
            file: need.file,
            glibc: need.glibc.to_string(),
            symbols: need.symbols,
        });
        Self {
            glibc: needs.glibc().map(|glibc| glibc.to_string()),
            distributions: needs.glibc().map(GlibcVersion::distributions),
            x86_64_level: needs.x86_64_level(),
            files: files.collect(),
        }
    }
}
