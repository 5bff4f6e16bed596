//! Compiled modules that are kept: one file in the cache for each distribution, with all modules of it that were ever asked for.
//!
//! A module is known by its source, its path and all that decides about its compiled code, so that kept code is right or is
//! not found. A file that is damaged, or cannot be read or written, is as if it was not there.

use std::collections::{BTreeMap, HashMap};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use cache::COMPILED;
use interp_config::OptimizationLevel;
use twox_hash::{XxHash3_64, XxHash3_128};

use super::cache_folder::CacheFolder;
use super::compile::{COMPILE_WORKER, Compiled, Job, MainGuardQuestion};
use super::protocol::{self, Reply, level_number};
use super::{BundleRequest, PythonInstallation};

/// The beginning of a file; the number changes when its layout does.
const MARK: &[u8; 8] = b"CFCODE1\n";

/// The length of a mark and a checksum.
const HEAD: usize = 16;

/// A module's key, and how many bytes follow it.
const ENTRY_HEAD: usize = 20;

/// The modules that are kept for one group: a distribution, or an application.
#[derive(Debug, Default)]
struct Group {
    modules: BTreeMap<u128, Vec<u8>>,
    is_changed: bool,
}

/// All groups that were asked for.
#[derive(Debug)]
pub(super) struct KeptCode<'r> {
    cache: Option<&'r CacheFolder>,
    /// The digest of the facts that decide about all modules.
    seed: u128,
    groups: HashMap<String, Group>,
}

impl<'r> KeptCode<'r> {
    pub(super) fn new(request: &BundleRequest<'r>) -> Self {
        let seed = seed(request.python, request.optimization);
        Self { cache: request.cache, seed, groups: HashMap::new() }
    }

    /// A module's code, if it is kept.
    pub(super) fn get(&mut self, group: &str, job: &Job<'_>) -> Option<Compiled> {
        self.cache?;
        let key = self.key(job);
        if !self.groups.contains_key(group) {
            // A file that is missing or damaged has no modules: they are compiled.
            let read = self.read(group).unwrap_or_default();
            self.groups.insert(group.to_owned(), read);
        }
        let kept = self.groups.get(group)?.modules.get(&key)?;
        match protocol::parse_reply(kept.clone())? {
            Reply::Compiled { main_guard, sets_start_method, code, head } => {
                Some(Compiled { code, main_guard, sets_start_method, head })
            }
            Reply::Broken { .. } => None,
        }
    }

    /// Keeps a module's code, when all is written at the end.
    pub(super) fn put(&mut self, group: &str, job: &Job<'_>, compiled: &Compiled) {
        if self.cache.is_none() {
            return;
        }
        let key = self.key(job);
        let group = self.groups.entry(group.to_owned()).or_default();
        group.modules.insert(key, [compiled.head.as_slice(), &compiled.code].concat());
        group.is_changed = true;
    }

    /// Writes the groups that have changed. Groups that cannot be written are compiled again the next time.
    pub(super) fn write(&self) {
        let Some(cache) = self.cache else { return };
        for (name, group) in self.groups.iter().filter(|(_, group)| group.is_changed) {
            if let Err(error) = write(cache, &self.file(cache, name), group) {
                tracing::debug!(%error, name, "compiled code is not kept");
                return;
            }
        }
    }

    fn key(&self, job: &Job<'_>) -> u128 {
        let mut hash = XxHash3_128::new();
        hash.write(&self.seed.to_le_bytes());
        hash.write(&[u8::from(job.guard == MainGuardQuestion::Asked)]);
        hash.write(&(job.path.len() as u64).to_le_bytes());
        hash.write(job.path.as_bytes());
        hash.write(job.source);
        hash.finish_128()
    }

    fn file(&self, cache: &CacheFolder, group: &str) -> PathBuf {
        let mut hash = XxHash3_128::new();
        hash.write(&self.seed.to_le_bytes());
        hash.write(group.as_bytes());
        cache.path().join(COMPILED).join(format!("{:032x}", hash.finish_128()))
    }

    fn read(&self, group: &str) -> Option<Group> {
        let cache = self.cache?;
        let path = self.file(cache, group);
        cache::check_private(cache.path()).ok()?;
        cache::check_private(path.parent()?).ok()?;
        let mut file = cache::open_entry(&path).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        // Only so that it is not taken for unused.
        let _read_only = file.set_modified(SystemTime::now());
        Some(Group { modules: parse(&bytes)?, is_changed: false })
    }
}

/// The digest of all that decides, besides a source, about its compiled code.
fn seed(python: &PythonInstallation, level: OptimizationLevel) -> u128 {
    let mut hash = XxHash3_128::new();
    hash.write(env!("CARGO_PKG_VERSION").as_bytes());
    hash.write(COMPILE_WORKER.as_bytes());
    let (major, minor, micro) = python.version;
    hash.write(&[major, minor, micro, level_number(level), u8::from(python.debug)]);
    hash.write(&python.bytecode_magic.to_le_bytes());
    hash.write(python.soabi.as_bytes());
    hash.finish_128()
}

fn write(cache: &CacheFolder, path: &PathBuf, group: &Group) -> Result<(), cache::Error> {
    let folder = cache::private_folder(cache.path(), COMPILED)?;
    let mut bytes = Vec::from(MARK);
    bytes.extend([0; 8]);
    for (key, body) in &group.modules {
        let Ok(length) = u32::try_from(body.len()) else { continue };
        bytes.extend(key.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(body);
    }
    let (head, modules) = bytes.split_at_mut(HEAD);
    let (_, checksum) = head.split_at_mut(MARK.len());
    checksum.copy_from_slice(&XxHash3_64::oneshot(modules).to_le_bytes());
    let written = tempfile::Builder::new()
        .prefix(cache::UNFINISHED_ARCHIVE)
        .tempfile_in(folder)
        .and_then(|mut file| file.write_all(&bytes).map(|()| file))
        // No sync is needed: a file that a crash has emptied is not believed.
        .and_then(|file| file.persist(path).map_err(|error| error.error));
    written
        .map(|_file| ())
        .map_err(|source| cache::Error::new("keep compiled code in", path, source))
}

/// The modules in a file; nothing if it is damaged.
fn parse(bytes: &[u8]) -> Option<BTreeMap<u128, Vec<u8>>> {
    let (head, mut rest) = bytes.split_at_checked(HEAD)?;
    let checksum = head.strip_prefix(MARK)?;
    if XxHash3_64::oneshot(rest).to_le_bytes() != *checksum {
        return None;
    }
    let mut modules = BTreeMap::new();
    while !rest.is_empty() {
        let (entry, behind) = rest.split_at_checked(ENTRY_HEAD)?;
        let (key, length) = entry.split_at_checked(16)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (body, behind) = behind.split_at_checked(length)?;
        modules.insert(u128::from_le_bytes(key.try_into().ok()?), body.to_owned());
        rest = behind;
    }
    Some(modules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_holds_nothing() {
        let mut bytes = Vec::from(MARK);
        let body = [&7u128.to_le_bytes()[..], &3u32.to_le_bytes(), b"abc"].concat();
        bytes.extend(XxHash3_64::oneshot(&body).to_le_bytes());
        bytes.extend(body);
        assert_eq!(parse(&bytes).unwrap(), BTreeMap::from([(7, b"abc".to_vec())]));
        for length in 0..bytes.len() {
            assert_eq!(parse(&bytes[..length]).filter(|found| !found.is_empty()), None, "{length}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            assert_eq!(parse(&damaged), None, "{at}");
        }
    }
}
