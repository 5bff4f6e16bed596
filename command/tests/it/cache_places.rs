//! The place of the cache, and the names in it that are Coldframe's own.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::{App, COLDFRAME, Child, coldframe, listing, skipped};

/// An application that opens a file beside a package; in a folder of its own, and again as a worker in another.
fn built() -> (App, PathBuf) {
    let main = "
import os, subprocess, sys, multiprocessing, user
def show(_): return user.text()
if __name__ == '__main__':
    os.chdir('/')
    with multiprocessing.get_context('spawn').Pool(1) as pool: print(*pool.map(show, [1]))
";
    let user = "
import os
def text(): return open(os.path.join(os.path.dirname(__file__), 'data', 'text.txt')).read()
";
    let files =
        [("__main__.py", main), ("user/__init__.py", user), ("user/data/text.txt", "right")];
    let app = App::new(&files);
    let built = app.build("built", &["--start-method", "none", "--file-access", "user=cache"]);
    (app, built)
}

fn old(path: &Path) {
    let time = SystemTime::now() - Duration::from_secs(90 * 24 * 60 * 60);
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn clean_removes_nothing_that_is_not_its_own() {
    let (app, built) = built();
    let cache = app.beside("things");
    // Somebody's folder, with names like ours.
    let digest = "0123456789abcdef0123456789abcdef";
    let theirs = ["files/photos", "files-v1/photos", "archives-v1/x.coldframe", "x.coldframe"];
    for path in theirs {
        fs::create_dir_all(cache.join(path)).unwrap();
    }
    let clean = || coldframe(["cache", "clean", "--all", "--cache-dir"]).arg(&cache).outcome();
    let check = || {
        for path in theirs {
            assert!(cache.join(path).exists(), "{path}");
        }
    };
    theirs.iter().for_each(|path| old(&cache.join(path)));
    assert_eq!(clean().ending(), Ok(0));
    check();
    // It is used, but a folder with other things in it is not marked, so nothing in it is removed.
    Child::new(&built).env("COLDFRAME_CACHE_DIR", &cache).prints("right\n");
    let refused = clean();
    assert!(refused.ending() == Ok(2) && refused.stderr.contains("CACHEDIR.TAG"), "{refused:#?}");
    assert!(!cache.join("CACHEDIR.TAG").exists());
    check();

    // In a marked folder, too, only names that Coldframe gives.
    let own = app.beside("own");
    Child::new(&built).env("COLDFRAME_CACHE_DIR", &own).prints("right\n");
    for path in ["files-v1/photos", &format!("files-v1/{digest}-photos"), "notes"] {
        fs::create_dir_all(own.join(path)).unwrap();
        old(&own.join(path));
    }
    coldframe(["cache", "clean", "--all", "--cache-dir"]).arg(&own).ok();
    let left = listing(&own.join("files-v1"));
    assert_eq!(left, [format!("{digest}-photos").as_str(), "photos"]);
    assert_eq!(listing(&own), ["CACHEDIR.TAG", "files-v1", "notes"]);
}

#[test]
fn a_relative_folder_is_that_of_the_start() {
    let (app, built) = built();
    let child = Child::new(&built).env("COLDFRAME_CACHE_DIR", "relative");
    child.current_dir(app.path()).prints("right\n");
    assert!(app.file("relative/CACHEDIR.TAG").exists());
    assert!(!Path::new("/relative").exists());
}

#[test]
fn the_home_of_another_user_is_left_alone() {
    let (app, built) = built();
    let home = app.beside("home");
    fs::create_dir(&home).unwrap();
    // `nobody`
    if std::os::unix::fs::chown(&home, Some(65534), Some(65534)).is_err() {
        return skipped("the_home_of_another_user_is_left_alone", "this is not root");
    }
    let temporary = app.beside("temporary");
    fs::create_dir(&temporary).unwrap();
    let child = Child::new(&built).env("COLDFRAME_CACHE_DIR", "").env("HOME", &home);
    child.env("TMPDIR", &temporary).prints("right\n");
    assert_eq!(listing(&home).len(), 0);
    assert_eq!(listing(&temporary).len(), 1);
}

#[test]
fn a_damaged_archive_is_made_again() {
    let app = App::script("import json; print(json.dumps('fine'))");
    let cache = app.beside("cache");
    let run = || app.run([""; 0]).env("COLDFRAME_CACHE_DIR", &cache).env("COLDFRAME_LOG", "warn");
    run().prints("\"fine\"\n");
    let archives = cache.join("archives-v1");
    assert_eq!(listing(&archives).len(), 2);
    for name in listing(&archives) {
        let path = archives.join(name);
        let whole = fs::read(&path).unwrap();
        let damages: [fn(&mut Vec<u8>); 4] = [
            |bytes| bytes.truncate(bytes.len() / 2),
            |bytes| bytes.clear(),
            |bytes| bytes.fill(0),
            |bytes| {
                // A byte of each page: nobody reads the padding between contents that are aligned to pages.
                bytes.iter_mut().skip(99).step_by(4096).for_each(|byte| *byte ^= 1);
            },
        ];
        // The standard library takes seconds to be made again: one kind of damage is enough.
        let is_large = whole.len() > 1 << 20;
        for damage in damages.into_iter().skip(if is_large { 3 } else { 0 }) {
            let mut bytes = whole.clone();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
            let outcome = run().outcome();
            assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(0), "\"fine\"\n"));
            assert!(outcome.stderr.contains("made again"), "{outcome:#?}");
            assert!(fs::read(&path).unwrap() == whole, "it is another one");
        }
    }
}

#[test]
fn what_is_built_has_the_mode_that_the_umask_leaves() {
    let app = App::script("");
    for (mask, options, mode) in [
        ("022", "", 0o755),
        ("077", "", 0o700),
        ("027", "--archive", 0o640),
        ("002", "--archive", 0o664),
    ] {
        let out = app.beside("out");
        let line = format!("umask {mask} && exec \"$0\" build \"$1\" -o \"$2\" {options}");
        coldframe(["doctor"]).ok();
        Child::new("sh").args(["-c", &line, COLDFRAME]).arg(app.file("script.py")).arg(&out).ok();
        let found = fs::metadata(&out).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{mask} {options}: {found:o}");
        fs::remove_file(&out).unwrap();
    }
}

#[test]
fn a_full_disk_is_a_place_that_cannot_be_written() {
    let app = App::script("");
    let disk = app.beside("disk");
    fs::create_dir(&disk).unwrap();
    // In a namespace of its own, the disk goes with the process.
    let line = "mount -t tmpfs -o size=1m tmpfs \"$2\" || exit 99; exec \"$0\" build \"$1\" -o \"$2/out\" $3";
    coldframe(["doctor"]).ok();
    for option in ["", "--archive"] {
        let child = Child::new("unshare").args(["--mount", "sh", "-c", line, COLDFRAME]);
        let child = child.arg(app.file("script.py")).arg(&disk).arg(option);
        let outcome = child.outcome();
        if outcome.ending() != Ok(4) && outcome.stderr.contains("unshare:")
            || outcome.ending() == Ok(99)
        {
            return skipped("a_full_disk_is_a_place_that_cannot_be_written", "no mounts here");
        }
        assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    }
}

#[test]
fn processes_of_one_number_do_not_meet() {
    let (app, built) = built();
    // Each is process 1 of a container.
    let start = |cache: &Path| {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child"]).arg(&built);
        command.env("COLDFRAME_CACHE_DIR", cache).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let possible = Command::new("unshare").args(["--pid", "--fork", "true"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return skipped("processes_of_one_number_do_not_meet", "no namespaces can be made");
    }
    let cache = app.beside("cache");
    let children: Vec<_> = (0..12).map(|_| start(&cache).unwrap()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "right\n", "{output:?}");
    }
    // One has made it, and the others have waited: nothing is left.
    let left = listing(&cache.join("files-v1"));
    assert_eq!(left.len(), 1, "{left:?}");
}
