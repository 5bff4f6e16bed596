//! Writing executables: in one step, or not at all.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use importer_core::Archive;
use packer::{
    Application, Bundle, BundleRequest, copy_libpython_beside, needed_libpython, write_executable,
};

use crate::support::{Fixture, build, names, tree};

fn small(fixture: &Fixture) -> Bundle {
    let folder = tree(&[("__main__.py", "")]);
    let application = Application::read(folder.path(), None, &fixture.python, &[]).unwrap();
    build(&BundleRequest { application: Some(&application), ..fixture.request() }).unwrap()
}

/// A program of this machine that is surely an executable: this test.
fn program() -> PathBuf {
    PathBuf::from(std::env::args_os().next().unwrap())
}

#[test]
fn an_executable_is_the_launcher_with_one_archive_behind_it() {
    let fixture = Fixture::new();
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    write_executable(&program(), small(&fixture).writer, &first).unwrap();
    let length = write_executable(&first, small(&fixture).writer, &second).unwrap();
    assert_eq!(length, fs::metadata(&second).unwrap().len());
    assert!(
        fs::read(&first).unwrap() == fs::read(&second).unwrap(),
        "the archive was not replaced"
    );
    assert!(Archive::open(&second).unwrap().module("__main__").unwrap().is_some());
    let output = Command::new(&second).arg("--list").output().unwrap();
    assert!(output.status.success());
    assert_eq!(names(folder.path()), ["first", "second"]);
}

#[test]
fn what_is_there_survives_every_failure() {
    let fixture = Fixture::new();
    let folder = tree(&[("out", "the old file"), ("dir/x", ""), ("flat", "a file")]);
    let path = |name: &str| folder.path().join(name);
    let table = [
        (path("nothing"), path("out"), "could not read".to_owned()),
        (program(), path("dir"), "it is a folder; give the name of a file in it".to_owned()),
        (program(), path("no/out"), format!("there is no folder `{}`", path("no").display())),
        (program(), path("flat/out"), format!("there is no folder `{}`", path("flat").display())),
    ];
    for (launcher, out, message) in table {
        let error =
            write_executable(&launcher, small(&fixture).writer, &out).unwrap_err().to_string();
        assert!(error.contains(&message), "{error}");
    }
    assert_eq!(fs::read_to_string(path("out")).unwrap(), "the old file");
    assert_eq!(names(folder.path()), ["dir", "flat", "out"]);
    write_executable(&program(), small(&fixture).writer, &path("out")).unwrap();
    assert!(Archive::contained_in(&path("out")).unwrap());
}

#[test]
fn a_shared_libpython_is_found_in_the_header_and_copied() {
    let fixture = Fixture::new();
    let folder = tree(&[("script", "#!/bin/sh\n")]);
    let error = needed_libpython(&folder.path().join("script")).unwrap_err().to_string();
    assert!(error.contains("is not an executable that can be examined"), "{error}");

    let out = folder.path().join("app");
    // This test is linked as the launcher is.
    let needed = needed_libpython(&program()).unwrap();
    let copied = copy_libpython_beside(&program(), &fixture.python, &out);
    match needed {
        None => assert_eq!(copied.unwrap(), None),
        // The launcher under test and the Python under test are of one version, unless somebody runs this by hand.
        Some(name) => match copied {
            Ok(copied) => {
                assert_eq!(copied, Some(folder.path().join(&name)));
                let again = copy_libpython_beside(&program(), &fixture.python, &out).unwrap();
                assert_eq!(again, Some(folder.path().join(&name)));
            }
            Err(error) => assert!(error.to_string().contains(&name), "{error}"),
        },
    }
}

#[test]
fn a_python_without_libpython_is_refused_with_a_way_out() {
    let Some(name) = needed_libpython(&program()).unwrap() else { return };
    let folder = tree(&[]);
    let launcher = folder.path().join("coldframe");
    fs::copy(program(), &launcher).unwrap();
    let mut python = Fixture::new().python;
    python.libpython = None;
    python.base_prefix = folder.path().to_owned();
    let out = folder.path().join("app");
    let error = copy_libpython_beside(&launcher, &python, &out).unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains("`--python`"), "{error}");
    assert_eq!(names(folder.path()), ["coldframe"]);
}
