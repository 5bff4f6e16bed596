//! The user's cache of archives that `coldframe run` makes.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache::{self, check_private};
use cache::{
    ARCHIVE as SUFFIX, ARCHIVES, COMPILED, EntryKind, REBUILDS, UNFINISHED_ARCHIVE as UNFINISHED,
};
use cache::{Making, MakingResult};
use tempfile::NamedTempFile;
use twox_hash::XxHash3_128;

use super::{Application, BundleError, CacheError, Environment};

/// Archives that nobody has used for so long are removed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A folder of archives named by the content that they were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheFolder {
    folder: PathBuf,
}

impl CacheFolder {
    /// The folder: the one asked for, else that of the environment variable (`COLDFRAME_CACHE_DIR`), else `coldframe`
    /// in the user's cache. It is made when first needed.
    pub fn locate(explicit: Option<&Path>, variable: Option<&OsStr>) -> Result<Self, CacheError> {
        let folder = cache::locate(explicit, variable).ok_or_else(CacheError::no_home)?;
        Ok(Self { folder })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The archive of that key, if it is there.
    pub fn get(&self, key: &str) -> Option<PathBuf> {
        check_private(&self.folder).ok()?;
        let path = self.file_of(key);
        check_private(path.parent()?).ok()?;
        let file = cache::open_entry(&path).ok()?;
        // Only so that it is not taken for unused; a folder that cannot be written is still good for reading.
        let _read_only = file.set_modified(SystemTime::now());
        Some(path)
    }

    /// The archive of that key; `create` writes it into a new file when it is not there.
    ///
    /// Others see the whole file or none. Of two at once one waits for the other.
    pub fn get_or_create<E: From<CacheError>>(
        &self,
        key: &str,
        create: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        if let Some(path) = self.get(key) {
            return Ok(path);
        }
        let folder = cache::private_folder(&self.folder, ARCHIVES)
            .map_err(|error| self.io("keep archives")(error.into_source()))?;
        let _making = match Making::begin(&self.file_of(key), || Ok::<_, E>(self.get(key)))? {
            MakingResult::Made(path) => return Ok(path),
            MakingResult::Making(making) => making,
        };
        let mut unfinished = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&folder)
            .map_err(self.io("make a file"))?;
        // The lock tells `coldframe cache clean` that the file is no leftover.
        let _no_locks_here = unfinished.as_file().lock_shared();
        // Dropping the file on the way out of an error removes it.
        create(unfinished.as_file_mut())?;
        self.publish(unfinished, key).map_err(E::from)
    }

    /// Removes the archive of that key, such as one that proved to be damaged.
    pub fn remove(&self, key: &str) -> Result<(), CacheError> {
        match fs::remove_file(self.file_of(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.io("remove a file")(error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The error for a failed write into the file that [`CacheFolder::get_or_create`] hands out.
    pub fn write_error(&self, source: io::Error) -> CacheError {
        self.io("write a file")(source)
    }

    fn publish(&self, unfinished: NamedTempFile, key: &str) -> Result<PathBuf, CacheError> {
        let path = self.file_of(key);
        // The sync comes before the rename: after a crash of the machine, there is the whole archive or none.
        unfinished.as_file().sync_all().map_err(self.io("write a file"))?;
        unfinished
            .persist(&path)
            .map_err(|error| self.io("put a file in its place")(error.error))?;
        self.remove_unused();
        Ok(path)
    }

    /// A cache that only grows fills a disk: each change of an application makes another archive.
    fn remove_unused(&self) {
        if !cache::is_tagged(&self.folder) {
            return;
        }
        for entry in cache::entries(&self.folder).into_iter().flatten() {
            let folder = entry.path.parent();
            let is_packers = folder.is_some_and(|folder| {
                [ARCHIVES, COMPILED, REBUILDS].iter().any(|name| folder.ends_with(name))
            });
            let is_ours = is_packers
                && matches!(
                    entry.kind,
                    EntryKind::Archive
                        | EntryKind::Compiled
                        | EntryKind::Build
                        | EntryKind::Unfinished
                );
            if is_ours && entry.age() > KEPT {
                // Somebody else may have removed it; and next time is soon enough.
                let _not_removed = entry.remove();
            }
        }
    }

    fn file_of(&self, key: &str) -> PathBuf {
        self.folder.join(ARCHIVES).join(format!("{key}{SUFFIX}"))
    }

    fn io(&self, action: &'static str) -> impl Fn(io::Error) -> CacheError + use<> {
        let folder = self.folder.clone();
        move |source| CacheError::io(action, &folder, source)
    }
}

/// Makes the key of an archive from all facts that decide about its contents.
///
/// ```
/// use packer::KeyBuilder;
///
/// let key = |version| KeyBuilder::new().text("launcher", version).finish();
/// assert_eq!(key("0.1.0"), key("0.1.0"));
/// assert_ne!(key("0.1.0"), key("0.2.0"));
/// ```
#[derive(Clone, Default)]
pub struct KeyBuilder {
    hash: XxHash3_128,
}

impl KeyBuilder {
    /// A key of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text, such as a version or the settings, under a label.
    #[must_use]
    pub fn text(mut self, label: &str, text: &str) -> Self {
        self.part(label.as_bytes());
        self.part(text.as_bytes());
        self
    }

    /// Adds the application: the path and the contents of each of its files.
    pub fn application(mut self, application: &Application) -> Result<Self, BundleError> {
        self.part(b"application");
        self.part(format!("{:?}", application.layout()).as_bytes());
        let mut buffer = vec![0; 1 << 16];
        for entry in &application.entries {
            self.part(entry.path.as_bytes());
            let error = || BundleError::io("read", &entry.location);
            let mut file = File::open(&entry.location).map_err(error())?;
            let mut length = 0u64;
            loop {
                let read = file.read(&mut buffer).map_err(error())?;
                if read == 0 {
                    break;
                }
                self.hash.write(buffer.get(..read).expect("a read fits into its buffer"));
                length += read as u64;
            }
            // The length stands behind the contents: it counts the bytes that were read, whatever the file system said before.
            self.hash.write(&length.to_le_bytes());
        }
        Ok(self)
    }

    /// Adds the installed files: the path, size and time of change of each file (reading all of them would take too long).
    pub fn environment(mut self, environment: &Environment) -> Result<Self, BundleError> {
        self.part(b"environment");
        for entry in environment.distributions.iter().flat_map(|distribution| &distribution.entries)
        {
            self.part(entry.path.as_bytes());
            self.part(entry.location.as_os_str().as_encoded_bytes());
            let metadata =
                fs::metadata(&entry.location).map_err(BundleError::io("read", &entry.location))?;
            let modified = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            self.hash.write(&metadata.len().to_le_bytes());
            self.hash.write(&modified.map_or(0, |time| time.as_nanos()).to_le_bytes());
        }
        Ok(self)
    }

    /// The key: 32 hexadecimal digits.
    pub fn finish(self) -> String {
        format!("{:032x}", self.hash.finish_128())
    }

    /// Its length goes before each part, so that no two lists of parts look alike.
    fn part(&mut self, bytes: &[u8]) {
        self.hash.write(&(bytes.len() as u64).to_le_bytes());
        self.hash.write(bytes);
    }
}

impl std::fmt::Debug for KeyBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyBuilder").finish_non_exhaustive()
    }
}
