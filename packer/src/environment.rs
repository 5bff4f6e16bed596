//! A virtual environment, and the distributions that are installed in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::distribution::{Distribution, read_site_packages};
use super::real_path::real_path;
use super::requirement::Markers;
use super::{BundleError, PythonInstallation, Warning, environment_folders};

/// The ending of the names of files that name the folder of a distribution.
const LINK: &str = "egg-link";

/// A virtual environment for the launcher's Python, or the prefix of an installation.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
    site_packages: Vec<PathBuf>,
    pub(super) distributions: Vec<Distribution>,
    /// The groups of entry points that any of them plugs into.
    pub(super) plug_in_groups: BTreeSet<String>,
    pub(super) warnings: Vec<Warning>,
}

impl Environment {
    /// Reads the environment in `folder`: its configuration, and the metadata of its distributions.
    pub fn read(folder: &Path, python: &PythonInstallation) -> Result<Self, BundleError> {
        let site_packages = environment_folders::find(folder, python)?;
        let mut environment = Self {
            folder: folder.to_owned(),
            site_packages: Vec::new(),
            distributions: Vec::new(),
            plug_in_groups: BTreeSet::new(),
            warnings: Vec::new(),
        };
        let markers = Markers::of(python);
        for folder in site_packages {
            environment.add_folder(&folder, &python.extension_suffixes, &markers)?;
        }
        let distributions = &environment.distributions;
        environment.plug_in_groups = distributions
            .iter()
            .flat_map(|distribution| distribution.plugs_into.keys().cloned())
            .collect();
        Ok(environment)
    }

    /// Whether a distribution of that name is installed below `prefix` for a Python like this one.
    pub fn has_distribution(prefix: &Path, name: &str, python: &PythonInstallation) -> bool {
        environment_folders::has_distribution(prefix, name, python)
    }

    /// Whether there is a folder for packages of a Python like this one below `prefix`.
    pub fn has_packages(prefix: &Path, python: &PythonInstallation) -> bool {
        environment_folders::has_packages(prefix, python)
    }

    /// The environment's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folders in which its packages lie, first the one that Python searches first.
    pub fn site_packages(&self) -> &[PathBuf] {
        &self.site_packages
    }

    fn add_folder(
        &mut self,
        folder: &Path,
        suffixes: &[String],
        markers: &Markers,
    ) -> Result<(), BundleError> {
        if self.site_packages.iter().any(|known| known == folder) {
            return Ok(());
        }
        self.site_packages.push(folder.to_owned());
        let editable =
            self.distributions.iter().filter(|distribution| distribution.editable.is_some());
        let editable = editable.map(|distribution| distribution.normalized.clone()).collect();
        let distributions =
            read_site_packages(folder, &editable, suffixes, markers, &mut self.warnings)?;
        for distribution in distributions {
            // An earlier folder hides a distribution of the same name in a later one.
            let known = self.distributions.iter().any(|known| {
                known.normalized == distribution.normalized && known.metadata.is_some()
            });
            if distribution.metadata.is_none() || !known {
                self.distributions.push(distribution);
            }
        }
        self.follow_path_files(folder, suffixes, markers)
    }

    /// `.pth` files name further folders, one on a line; a line that begins with `import` is code for `site` to run. The first
    /// line of an `.egg-link` names the folder of a distribution that `setup.py develop` left in its place.
    fn follow_path_files(
        &mut self,
        folder: &Path,
        suffixes: &[String],
        markers: &Markers,
    ) -> Result<(), BundleError> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder)
            .map_err(BundleError::io("read", folder))?
            .filter_map(|found| Some(found.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|name| name == "pth" || name == LINK))
            .collect();
        files.sort();
        for file in files {
            let text = fs::read(&file).map_err(BundleError::io("read", &file))?;
            let is_link = file.extension().is_some_and(|name| name == LINK);
            let n_lines = if is_link { 1 } else { usize::MAX };
            for line in String::from_utf8_lossy(&text).lines().take(n_lines).map(str::trim) {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                if line.starts_with("import ") || line.starts_with("import\t") {
                    self.warnings.push(Warning::PathFileCode(file.clone()));
                    continue;
                }
                if let Ok(real) = real_path(&folder.join(line))
                    && real.is_dir()
                    && !self.site_packages.contains(&real)
                {
                    self.warnings
                        .push(Warning::PathFileFolder { file: file.clone(), folder: real.clone() });
                    self.add_folder(&real, suffixes, markers)?;
                }
            }
        }
        Ok(())
    }
}
