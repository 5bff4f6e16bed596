//! `coldframe cache`: the entries of the user's cache folder, and their removal.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use cache::{Entry, EntryKind, Removal, check_private, entries, is_tagged};
use serde::Serialize;

use super::arguments::{self, CacheAction};
use super::context::cache;
use super::error::CommandError;
use super::policy::print_json;

/// Entries that nobody has used for so long are removed, unless the command line names another age.
const DEFAULT_AGE: Duration = Duration::from_secs(30 * DAY);

const DAY: u64 = 24 * 60 * 60;

/// The output of `--json`.
#[derive(Serialize)]
struct Summary {
    folder: PathBuf,
    entries: Vec<EntrySummary>,
    bytes: u64,
}

#[derive(Serialize)]
struct EntrySummary {
    kind: &'static str,
    path: PathBuf,
    bytes: u64,
    /// Seconds since 1970.
    last_used: u64,
    in_use: bool,
    /// Whether it was removed, or would be (`--dry-run`); not there when nothing was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<bool>,
}

impl EntrySummary {
    fn new(entry: &Entry, in_use: bool, removed: Option<bool>) -> Self {
        // A time before 1970 can only be a mistake of the file system: 0 says "long ago" too.
        let last_used = entry.last_used.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (kind, path, bytes) = (entry.kind.as_str(), entry.path.clone(), entry.bytes);
        Self { kind, path, bytes, last_used, in_use, removed }
    }
}

pub(super) fn run(options: &arguments::Cache) -> Result<ExitCode, CommandError> {
    let folder = cache(options.cache_dir.as_deref())?.path().to_owned();
    let failed =
        |source| CommandError::Io { action: "read the cache", path: folder.clone(), source };
    if folder.exists() {
        check_private(&folder).map_err(failed)?;
    }
    let found = entries(&folder).map_err(failed)?;
    if matches!(options.action, Some(CacheAction::Clean(_)))
        && !found.is_empty()
        && !is_tagged(&folder)
    {
        return Err(CommandError::Usage(format!(
            "`{}` does not say that it is a cache of Coldframe (it has no `CACHEDIR.TAG` of ours, which is only put into a folder \
             that is new or empty), so nothing in it is removed; remove it yourself, and name a folder of its own with \
             `COLDFRAME_CACHE_DIR`",
            folder.display()
        )));
    }
    let summaries = match &options.action {
        None => {
            found.iter().map(|entry| EntrySummary::new(entry, entry.is_in_use(), None)).collect()
        }
        Some(CacheAction::Clean(clean)) => cleaned(&found, clean)?,
    };
    let json = match &options.action {
        Some(CacheAction::Clean(clean)) => options.json || clean.json,
        None => options.json,
    };
    if json {
        let bytes = summaries.iter().map(|entry| entry.bytes).sum();
        print_json(&mut anstream::stdout(), &Summary { folder, entries: summaries, bytes })?;
    } else {
        let verb = match &options.action {
            None => None,
            Some(CacheAction::Clean(clean)) if clean.dry_run => Some("would remove"),
            Some(CacheAction::Clean(_)) => Some("removed"),
        };
        print(&folder, &summaries, verb).map_err(CommandError::Print)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes entries that are old enough, and tells the result for each.
fn cleaned(found: &[Entry], clean: &arguments::Clean) -> Result<Vec<EntrySummary>, CommandError> {
    let age = if clean.all { Duration::ZERO } else { clean.older_than.unwrap_or(DEFAULT_AGE) };
    let mut summaries = Vec::new();
    // Unfinished entries are of no use to anybody.
    for entry in
        found.iter().filter(|entry| entry.kind == EntryKind::Unfinished || entry.age() >= age)
    {
        let removal = if clean.dry_run {
            if entry.is_in_use() { Removal::InUse } else { Removal::Removed }
        } else {
            entry.remove().map_err(|source| CommandError::Io {
                action: "remove from the cache",
                path: entry.path.clone(),
                source,
            })?
        };
        let is_removed = removal == Removal::Removed;
        summaries.push(EntrySummary::new(entry, !is_removed, Some(is_removed)));
    }
    Ok(summaries)
}

fn print(folder: &Path, entries: &[EntrySummary], verb: Option<&str>) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    writeln!(out, "{}", folder.display())?;
    for entry in entries {
        let days = UNIX_EPOCH
            .checked_add(Duration::from_secs(entry.last_used))
            .and_then(|time| time.elapsed().ok())
            .map_or(0, |age| age.as_secs() / DAY);
        let path = entry.path.strip_prefix(folder).unwrap_or(&entry.path);
        let state = match (entry.in_use, verb) {
            (true, _) => ", in use",
            (false, _) => "",
        };
        writeln!(
            out,
            "{:<11} {:>9.1} MB  used {days} days ago{state}  {}",
            entry.kind,
            megabytes(entry.bytes),
            path.display()
        )?;
    }
    let counted = |entry: &&EntrySummary| entry.removed.unwrap_or(true);
    let bytes = entries.iter().filter(counted).map(|entry| entry.bytes).sum();
    let verb = verb.map(|verb| format!("{verb} ")).unwrap_or_default();
    let n_entries = entries.iter().filter(counted).count();
    writeln!(out, "{verb}{n_entries} entries, {:.1} MB", megabytes(bytes))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
