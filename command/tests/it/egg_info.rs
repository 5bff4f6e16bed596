//! Distributions with the metadata of older installers: what `importlib.metadata` and `pkg_resources` tell of them is what they
//! tell under `python`.

use crate::support::{App, Child, environment, site_packages};

const MAIN: &str = "\
from importlib import metadata
import old_folder, old_file, old_linked
NAMES = ['old-folder', 'old-file', 'old-linked', 'old-requirement']
for name in NAMES:
    found = metadata.distribution(name)
    print(name, found.version, metadata.version(name.title()), found.metadata['Summary'])
    print([(entry.name, entry.value, entry.group) for entry in found.entry_points])
    print(metadata.requires(name), metadata.files(name) and sorted(str(file) for file in metadata.files(name)))
print(sorted(found.metadata['Name'] for found in metadata.distributions() if found.metadata['Name'].startswith('old')))
import warnings
warnings.simplefilter('ignore')
import pkg_resources
for name in NAMES:
    found = pkg_resources.get_distribution(name)
    print(found, found.version, found.has_metadata('top_level.txt'), sorted(found.get_entry_map()), found.precedence)
    print([str(requirement) for requirement in found.requires()], found.has_metadata('PKG-INFO'))
    print(found.get_metadata('PKG-INFO').splitlines()[1], [str(needed) for needed in pkg_resources.require(name)])
print(next(pkg_resources.iter_entry_points('old.group')).load()())
";

#[test]
fn metadata_answers_as_under_python() {
    let app = App::new(&[("__main__.py", MAIN)]);
    let folder = app.folder();
    let Some(venv) = environment(folder.path(), "setuptools<80") else { return };
    let site = format!("../venv/{}", site_packages());
    let info = |name: &str| {
        format!("Metadata-Version: 1.1\nName: {name}\nVersion: 1.5\nSummary: short\n\nLong.\n")
    };
    let in_site = [
        ("old_folder-1.5-py3.9.egg-info/PKG-INFO", info("old-folder")),
        (
            "old_folder-1.5-py3.9.egg-info/installed-files.txt",
            "../old_folder/__init__.py\n../old_folder/data.txt\nPKG-INFO\nrequires.txt\n".into(),
        ),
        ("old_folder-1.5-py3.9.egg-info/SOURCES.txt", "old_folder/__init__.py\n".into()),
        (
            "old_folder-1.5-py3.9.egg-info/requires.txt",
            "old-requirement>=1\n\n[:python_version<'3']\nnever\n\n[more]\nextra\n".into(),
        ),
        ("old_folder-1.5-py3.9.egg-info/top_level.txt", "old_folder\n".into()),
        (
            "old_folder-1.5-py3.9.egg-info/entry_points.txt",
            "[old.group]\nname = old_folder:function\n".into(),
        ),
        ("old_folder/__init__.py", "def function(): return 'loaded'\n".into()),
        ("old_folder/data.txt", "x".into()),
        ("old_file-1.5.egg-info", info("old-file")),
        ("old_file.py", String::new()),
        ("old_requirement-1.5.egg-info", info("old-requirement")),
        ("old_requirement.py", String::new()),
    ];
    for (path, text) in in_site {
        app.write(&format!("{site}/{path}"), &text);
    }
    app.write("../source/old_linked.py", "");
    app.write("../source/old_linked.egg-info/PKG-INFO", &info("old-linked"));
    app.write("../source/old_linked.egg-info/top_level.txt", "old_linked\n");
    let source = folder.path().join("source").canonicalize().unwrap();
    app.write(&format!("{site}/easy-install.pth"), &format!("{}\n", source.display()));
    app.write(&format!("{site}/old-linked.egg-link"), &format!("{}\n.", source.display()));
    // A distribution that nothing imports, and another one asks for.
    let python = Child::new(venv.join("bin/python")).of(&app).arg("-I").arg(app.target()).ok();
    assert!(python.contains("loaded"), "{python}");
    assert_eq!(app.run_with(["--venv".as_ref(), venv.as_os_str()], [""; 0]).ok(), python);
}
