//! The settings file of an application: beside it, or in a folder above that the same people own.
//!
//! A settings file can name code to run. Whoever can put one into a folder that is looked into decides what runs, as Git's
//! configuration did before CVE-2022-24765.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use interp_config::{Document, Settings};

use super::error::CommandError;

/// The files that are looked for in each folder, in this order.
const NAMES: [(&str, Document); 2] =
    [("coldframe.toml", Document::Coldframe), ("pyproject.toml", Document::Pyproject)];

/// Settings, and where they are from.
pub(super) struct Found {
    pub(super) settings: Settings,
    /// The folder that their paths start from.
    pub(super) folder: PathBuf,
    /// The file, if there is one.
    pub(super) file: Option<PathBuf>,
    /// A file further up that was not read, and why.
    pub(super) refused: Option<String>,
}

/// The settings that hold for an application: those of `coldframe.toml`, or of our table in `pyproject.toml`, beside it or
/// in the nearest folder above, as far as its project goes.
///
/// The search ends at the project's root (a folder with `.git` or with a `pyproject.toml`), at a folder of another owner,
/// and at one that everybody can write to.
pub(super) fn find(app: Option<&Path>) -> Result<Found, CommandError> {
    let start = app.unwrap_or(Path::new("."));
    let start = packer::real_path(start).unwrap_or_else(|_| start.to_owned());
    let nothing = |refused| Found {
        settings: Settings::default(),
        folder: start.clone(),
        file: None,
        refused,
    };
    let owners = Owners::of(&start);
    for folder in start.ancestors().filter(|folder| folder.is_dir()) {
        // The folder that is the application runs as it is: its settings are no more than its code.
        if folder != start
            && let Some(why) = owners.objection(folder)
        {
            let file = NAMES.iter().map(|(name, _)| folder.join(name)).find(|file| file.exists());
            let refused = file.map(|file| format!("`{}` was not read: {why}", file.display()));
            return Ok(nothing(refused));
        }
        let mut is_root = folder.join(".git").exists();
        for (name, document) in NAMES {
            let file = folder.join(name);
            let text = match fs::read_to_string(&file) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => {
                    return Err(CommandError::Io {
                        action: "read the settings",
                        path: file,
                        source,
                    });
                }
            };
            is_root |= document == Document::Pyproject;
            if let Some(settings) =
                interp_config::parse(&text, &file.display().to_string(), document)?
            {
                let folder = folder.to_owned();
                return Ok(Found { settings, folder, file: Some(file), refused: None });
            }
        }
        if is_root {
            break;
        }
    }
    Ok(nothing(None))
}

/// The users who may decide about an application.
struct Owners {
    #[cfg(unix)]
    users: [u32; 3],
}

#[cfg(unix)]
impl Owners {
    /// The user, the superuser, and the application's owner.
    fn of(start: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;

        let user = rustix::process::geteuid().as_raw();
        let owner = fs::metadata(start).map_or(user, |found| found.uid());
        Self { users: [user, 0, owner] }
    }

    /// A reason why a settings file in that folder may be somebody else's.
    fn objection(&self, folder: &Path) -> Option<&'static str> {
        use std::os::unix::fs::MetadataExt as _;

        const OTHERS_WRITE: u32 = 0o002;
        let Ok(found) = fs::metadata(folder) else { return Some("its folder cannot be looked at") };
        if !self.users.contains(&found.uid()) {
            Some("its folder belongs to another user")
        } else if found.mode() & OTHERS_WRITE != 0 {
            Some("everybody can write to its folder")
        } else {
            None
        }
    }
}

/// On other systems folders have no such owners to look at.
#[cfg(not(unix))]
impl Owners {
    fn of(_start: &Path) -> Self {
        Self {}
    }

    fn objection(&self, _folder: &Path) -> Option<&'static str> {
        None
    }
}
