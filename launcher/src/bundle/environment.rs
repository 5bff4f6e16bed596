//! A virtual environment, and what is installed in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::distribution::{Unit, read_site_packages};
use super::{BundleError, PythonInstallation, Warning};

/// A virtual environment for the launcher's Python.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
    site_packages: Vec<PathBuf>,
    pub(super) units: Vec<Unit>,
    /// The groups of entry points that any of them plugs into.
    pub(super) plug_in_groups: BTreeSet<String>,
    pub(super) warnings: Vec<Warning>,
}

impl Environment {
    /// Reads the environment in `folder`: its configuration, and the metadata of what is installed.
    pub fn read(folder: &Path, python: &PythonInstallation) -> Result<Self, BundleError> {
        let configuration = folder.join("pyvenv.cfg");
        let text = fs::read_to_string(&configuration).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                BundleError::NotAnEnvironment(folder.to_owned())
            }
            _other => BundleError::io("read", &configuration)(error),
        })?;
        let value = |wanted: &str| {
            text.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                key.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
            })
        };
        let wanted = (python.version.0, python.version.1);
        // `venv` and `uv` write the one, `virtualenv` both.
        let found = value("version").or_else(|| value("version_info")).and_then(major_minor);
        if let Some(found) = found.filter(|found| *found != wanted) {
            return Err(BundleError::EnvironmentVersion {
                folder: folder.to_owned(),
                found,
                wanted,
            });
        }
        let threaded = if python.free_threaded { "t" } else { "" };
        let versioned = format!("python{}.{}{threaded}", wanted.0, wanted.1);
        let candidates =
            ["lib", "lib64"].map(|lib| folder.join(lib).join(&versioned).join("site-packages"));
        let mut site_packages: Vec<PathBuf> = Vec::new();
        for candidate in candidates.into_iter().chain([folder.join("Lib").join("site-packages")]) {
            // `lib64` is usually a link to `lib`.
            if let Ok(real) = fs::canonicalize(candidate)
                && !site_packages.contains(&real)
            {
                site_packages.push(real);
            }
        }
        if site_packages.is_empty() {
            return Err(BundleError::NoSitePackages { folder: folder.to_owned(), version: wanted });
        }
        if value("include-system-site-packages")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            site_packages
                .extend(python.site_packages.iter().filter(|folder| folder.is_dir()).cloned());
        }
        let mut environment = Self {
            folder: folder.to_owned(),
            site_packages: Vec::new(),
            units: Vec::new(),
            plug_in_groups: BTreeSet::new(),
            warnings: Vec::new(),
        };
        for folder in site_packages {
            environment.add_folder(&folder, &python.extension_suffixes)?;
        }
        let units = &environment.units;
        environment.plug_in_groups =
            units.iter().flat_map(|unit| unit.plugs_into.iter().cloned()).collect();
        Ok(environment)
    }

    /// The environment's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folders in which its packages lie, first the one that Python searches first.
    pub fn site_packages(&self) -> &[PathBuf] {
        &self.site_packages
    }

    fn add_folder(&mut self, folder: &Path, suffixes: &[String]) -> Result<(), BundleError> {
        if self.site_packages.iter().any(|known| known == folder) {
            return Ok(());
        }
        self.site_packages.push(folder.to_owned());
        let units = read_site_packages(folder, suffixes, &mut self.warnings)?;
        for unit in units {
            // An earlier folder hides a distribution of the same name in a later one.
            let known = self
                .units
                .iter()
                .any(|known| known.normalized == unit.normalized && known.metadata.is_some());
            if unit.metadata.is_none() || !known {
                self.units.push(unit);
            }
        }
        self.follow_path_files(folder, suffixes)
    }

    /// `.pth` files name further folders, one on a line; a line that begins with `import` is code for `site` to run.
    fn follow_path_files(&mut self, folder: &Path, suffixes: &[String]) -> Result<(), BundleError> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(BundleError::io("read", folder))?
            .filter_map(|found| Some(found.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "pth"))
            .collect();
        files.sort();
        for file in files {
            let text = fs::read(&file).map_err(BundleError::io("read", &file))?;
            for line in String::from_utf8_lossy(&text).lines().map(str::trim) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                if line.starts_with("import ") || line.starts_with("import\t") {
                    self.warnings.push(Warning::PathFileCode(file.clone()));
                    continue;
                }
                if let Ok(real) = fs::canonicalize(folder.join(line))
                    && real.is_dir()
                {
                    self.warnings
                        .push(Warning::PathFileFolder { file: file.clone(), folder: real.clone() });
                    self.add_folder(&real, suffixes)?;
                }
            }
        }
        Ok(())
    }
}

fn major_minor(version: &str) -> Option<(u8, u8)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
