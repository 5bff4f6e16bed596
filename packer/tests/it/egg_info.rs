//! Distributions with the metadata of older installers: which of their files are packed, and under which name they are known.

use std::fs;

use packer::{BundleRequest, Environment};

use crate::support::{Fixture, archive, build, empty_venv, files, lay, site_packages, texts, tree};

const INFO: &str = "Metadata-Version: 1.0\nName: Old.Tool\nVersion: 1.5\n\nText.\n";

/// Files in `site-packages`, the name of the metadata of the distribution `old-tool`, and the files that are packed.
fn check(laid: &[(&str, &str)], metadata: &str, packed: &[&str]) {
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    lay(&site, laid);
    check_environment(&fixture, &venv, metadata, packed);
}

fn check_environment(fixture: &Fixture, venv: &tempfile::TempDir, metadata: &str, packed: &[&str]) {
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let request = BundleRequest {
        environment: Some(&environment),
        include: texts(&["old-tool"]),
        ..fixture.request()
    };
    let archive = archive(build(&request).unwrap());
    assert_eq!(archive.distribution("old-tool").unwrap().as_deref(), Some(metadata));
    assert_eq!(files(&archive), packed);
}

#[test]
fn metadata_of_every_form_is_packed_with_its_modules() {
    // setuptools without pip, and Debian's layout of it.
    check(
        &[
            ("Old.Tool-1.5-py3.9.egg-info/PKG-INFO", INFO),
            ("Old.Tool-1.5-py3.9.egg-info/SOURCES.txt", "setup.py\nsrc/oldtool.py\n"),
            ("Old.Tool-1.5-py3.9.egg-info/top_level.txt", "oldtool\n_oldtool\n"),
            ("oldtool/__init__.py", ""),
            ("oldtool/data.txt", "x"),
            ("other.py", ""),
        ],
        "Old.Tool-1.5-py3.9.egg-info",
        &[
            "Old.Tool-1.5-py3.9.egg-info/PKG-INFO",
            "Old.Tool-1.5-py3.9.egg-info/SOURCES.txt",
            "Old.Tool-1.5-py3.9.egg-info/top_level.txt",
            "oldtool/__init__.py",
            "oldtool/data.txt",
        ],
    );
    // pip before wheels. Files outside of the folder are not packed.
    check(
        &[
            ("Old.Tool-1.5.egg-info/PKG-INFO", INFO),
            (
                "Old.Tool-1.5.egg-info/installed-files.txt",
                "../oldtool.py\n../data/x.txt\n../gone.py\n../../../../bin/old\nPKG-INFO\n",
            ),
            ("oldtool.py", ""),
            ("data/x.txt", ""),
            ("data/of-others.txt", ""),
        ],
        "Old.Tool-1.5.egg-info",
        &[
            "Old.Tool-1.5.egg-info/PKG-INFO",
            "Old.Tool-1.5.egg-info/installed-files.txt",
            "data/x.txt",
            "oldtool.py",
        ],
    );
    // distutils: one file, and a module of the distribution's name.
    check(
        &[("Old.Tool-1.5.egg-info", INFO), ("old_tool.py", ""), ("other.py", "")],
        "Old.Tool-1.5.egg-info",
        &["Old.Tool-1.5.egg-info", "old_tool.py"],
    );
    // `easy_install`: a folder of its own on the search path.
    check(
        &[
            ("easy-install.pth", "./Old.Tool-1.5-py3.9.egg\n"),
            ("Old.Tool-1.5-py3.9.egg/EGG-INFO/PKG-INFO", INFO),
            ("Old.Tool-1.5-py3.9.egg/anything.py", ""),
        ],
        "Old.Tool-1.5-py3.9.egg-info",
        &["Old.Tool-1.5-py3.9.egg-info/PKG-INFO", "anything.py"],
    );
    // Of two the newer form counts, as the one that is found first.
    check(
        &[
            ("Old.Tool-1.4.egg-info", INFO),
            ("old_tool-1.5.dist-info/METADATA", INFO),
            ("old_tool.py", ""),
        ],
        "old_tool-1.5.dist-info",
        &["old_tool-1.5.dist-info/METADATA", "old_tool.py"],
    );
}

#[test]
fn metadata_of_a_source_folder_is_packed() {
    let source = tree(&[
        ("setup.py", ""),
        ("src/oldtool/__init__.py", ""),
        ("src/Old.Tool.egg-info/PKG-INFO", INFO),
        ("src/Old.Tool.egg-info/top_level.txt", "oldtool\n"),
    ]);
    let folder = fs::canonicalize(source.path().join("src")).unwrap();
    let packed =
        ["Old.Tool.egg-info/PKG-INFO", "Old.Tool.egg-info/top_level.txt", "oldtool/__init__.py"];
    let link = format!("{}\n../", folder.display());
    let path_file = format!("{}\n", folder.display());
    // The files of `setup.py develop`, with a line on the search path and without one.
    let both: &[(&str, &str)] = &[("Old.Tool.egg-link", &link), ("easy-install.pth", &path_file)];
    for laid in [both, &both[..1], &both[1..]] {
        check(laid, "Old.Tool.egg-info", &packed);
    }
    // `pip install -e` has metadata of its own; setuptools' remains in the source folder are none.
    let url = format!(
        "{{\"url\": \"file://{}\", \"dir_info\": {{\"editable\": true}}}}",
        folder.display()
    );
    check(
        &[
            ("old_tool-1.5.dist-info/METADATA", INFO),
            ("old_tool-1.5.dist-info/direct_url.json", &url),
            ("__editable__.old_tool.pth", &path_file),
        ],
        "old_tool-1.5.dist-info",
        &[
            "old_tool-1.5.dist-info/METADATA",
            "old_tool-1.5.dist-info/direct_url.json",
            "oldtool/__init__.py",
        ],
    );
}

#[test]
fn requirements_of_older_installers_come_along() {
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    lay(
        &site,
        &[
            ("Old.Tool-1.5.egg-info/PKG-INFO", INFO),
            (
                "Old.Tool-1.5.egg-info/requires.txt",
                "first>=1\n\n[:os_name == 'none']\nsecond\n\n[extra]\nthird\n",
            ),
            ("old_tool.py", ""),
            ("first-1.0.egg-info", "Name: first\nVersion: 1.0\n"),
            ("first.py", ""),
            ("second-1.0.egg-info", "Name: second\nVersion: 1.0\n"),
            ("second.py", ""),
            ("third-1.0.egg-info", "Name: third\nVersion: 1.0\n"),
            ("third.py", ""),
            ("nameless-1.0.egg-info/top_level.txt", "nameless\n"),
        ],
    );
    check_environment(
        &fixture,
        &venv,
        "Old.Tool-1.5.egg-info",
        &[
            "Old.Tool-1.5.egg-info/PKG-INFO",
            "Old.Tool-1.5.egg-info/requires.txt",
            "first-1.0.egg-info",
            "first.py",
            "old_tool.py",
        ],
    );
}
