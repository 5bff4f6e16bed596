//! The user's cache: looked at before it is used, shared by many, and cleaned by a command.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::support::{App, COLDFRAME, Child, coldframe, listing};

/// An application that opens a file beside a package, and loads an extension module; both from a cache of its own.
struct Cached {
    app: App,
    built: PathBuf,
    cache: PathBuf,
}

const MAIN: &str = "
import sys, user, _queue
print(user.text(), flush=True)
for line in sys.stdin: pass
";
const USER: &str = "
import os
def text(): return open(os.path.join(os.path.dirname(__file__), 'data', 'text.txt')).read()
";

/// A name, and a function that damages a file.
type Damage = (&'static str, fn(&Path));

impl Cached {
    fn new() -> Self {
        let files =
            [("__main__.py", MAIN), ("user/__init__.py", USER), ("user/data/text.txt", "right")];
        let app = App::new(&files);
        let built = app.build("built", &["--extensions", "cache", "--file-access", "user=cache"]);
        let cache = app.beside("cache");
        Self { app, built, cache }
    }

    fn child(&self) -> Child {
        Child::new(&self.built).of(&self.app).env("COLDFRAME_CACHE_DIR", &self.cache)
    }

    /// The one file below a folder of the cache that ends so.
    fn file(&self, folder: &str, end: &str) -> Option<PathBuf> {
        let mut folders = vec![self.cache.join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_str().unwrap().ends_with(end) {
                    return Some(path);
                }
            }
        }
        None
    }

    /// A process of the application that waits until its input ends.
    fn waiting(&self) -> std::process::Child {
        let mut child = Command::new(&self.built)
            .env("COLDFRAME_CACHE_DIR", &self.cache)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "right\n");
        child
    }

    /// `coldframe cache` on this cache.
    fn command(&self, arguments: &[&str]) -> String {
        coldframe(["cache"]).args(arguments).arg("--cache-dir").arg(&self.cache).ok()
    }
}

/// Makes a file or folder older than `coldframe cache clean` takes for one that is just being made.
fn age(path: &Path, days: u64) {
    let time = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    File::open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn files_that_are_not_right_are_replaced() {
    let cached = Cached::new();
    cached.child().prints("right\n");
    let data = cached.file("files-v1", "text.txt").unwrap();
    let library = cached.file("libraries-v1", ".so");
    let damage: [Damage; 6] = [
        ("changed", |path| {
            File::options().write(true).open(path).unwrap().write_all(b"wrong").unwrap();
        }),
        ("cut short", |path| File::options().write(true).open(path).unwrap().set_len(3).unwrap()),
        ("empty", |path| drop(File::create(path).unwrap())),
        ("longer", |path| {
            File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
        }),
        ("missing", |path| fs::remove_file(path).unwrap()),
        ("a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
    ];
    for (name, damage) in damage {
        for path in [Some(&data), library.as_ref()].into_iter().flatten() {
            let before = fs::read(path).unwrap();
            damage(path);
            cached.child().prints("right\n");
            assert_eq!(fs::read(path).unwrap(), before, "{name}: {}", path.display());
        }
    }
    // The folders that the files are in can be gone too.
    fs::remove_dir_all(data.parent().unwrap()).unwrap();
    cached.child().prints("right\n");
}

#[test]
fn many_processes_fill_an_empty_cache_at_once() {
    let cached = Cached::new();
    for round in 0..3 {
        let mut children: Vec<_> = (0..16)
            .map(|_| {
                Command::new(&cached.built)
                    .env("COLDFRAME_CACHE_DIR", &cached.cache)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        // One of them dies in the middle of its work.
        std::thread::sleep(Duration::from_millis(20 * (round + 1)));
        children.pop().unwrap().kill().unwrap();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "right\n", "{output:?}");
        }
        cached.child().prints("right\n");
        // The remains of the dead process are in nobody's way, and are removed.
        for folder in ["files-v1", "libraries-v1"].map(|folder| cached.cache.join(folder)) {
            if !folder.exists() {
                continue;
            }
            for name in listing(&folder) {
                if [".tmp", ".lock"].iter().any(|end| name.to_str().unwrap().ends_with(end)) {
                    age(&folder.join(name), 1);
                }
            }
        }
        cached.command(&["clean", "--older-than", "9d"]);
        let left = cached.command(&[]);
        assert!(!left.contains("unfinished"), "{left}");
        fs::remove_dir_all(&cached.cache).unwrap();
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    let cached = Cached::new();
    for (folder, mode) in [("", 0o777), ("", 0o720), ("files-v1", 0o702)] {
        let folder =
            if folder.is_empty() { cached.cache.clone() } else { cached.cache.join(folder) };
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let outcome = cached.child().outcome();
        assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
        for part in [
            format!("could not use the cache folder `{}`", folder.display()),
            "others can write to it".to_owned(),
            "`chmod go-w`".to_owned(),
            "COLDFRAME_CACHE_DIR".to_owned(),
        ] {
            assert!(outcome.stderr.contains(&part), "{part}: {outcome:#?}");
        }
        fs::remove_dir_all(&cached.cache).unwrap();
    }
    let script = App::script("");
    let cache = script.beside("cache");
    fs::create_dir(&cache).unwrap();
    fs::set_permissions(&cache, Permissions::from_mode(0o777)).unwrap();
    let outcome = Child::new(COLDFRAME)
        .args(["run", "--cache-dir"])
        .arg(&cache)
        .arg(script.file("script.py"))
        .outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    assert!(outcome.stderr.contains("others can write to it"), "{outcome:#?}");
    // A folder that this program makes can be read by its user alone.
    cached.child().prints("right\n");
    for folder in ["", "files-v1", "files-v1/.."] {
        let mode = fs::metadata(cached.cache.join(folder)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{folder}");
    }
}

#[test]
fn what_is_in_use_is_not_removed() {
    let cached = Cached::new();
    let leftover = cached.cache.join("files-v1/0123456789abcdef0123456789abcdef.aBc123.tmp");
    cached.child().prints("right\n");
    fs::create_dir(&leftover).unwrap();
    age(&leftover, 1);
    fs::create_dir(cached.cache.join("files-v1/4567456789abcdef0123456789abcdef.xYz789.tmp"))
        .unwrap();
    fs::write(cached.cache.join("not ours"), "").unwrap();

    let mut waiting = cached.waiting();
    let before = cached.command(&[]);
    assert!(before.contains(", in use  files-v1/"), "{before}");
    let tried = cached.command(&["clean", "--all", "--dry-run"]);
    assert!(tried.contains("would remove"), "{tried}");
    assert_eq!(cached.command(&[]), before);
    // Nothing here is old but the remains of a killed process.
    let cleaned = cached.command(&["clean"]);
    assert!(cleaned.contains("removed 1 entries"), "{cleaned}");
    assert!(!leftover.exists());
    cached.command(&["clean", "--all"]);
    let data = cached.file("files-v1", "text.txt");
    assert!(data.is_some(), "what a process uses stays");
    assert!(
        cached.cache.join("files-v1/4567456789abcdef0123456789abcdef.xYz789.tmp").exists(),
        "what may just be made stays"
    );

    drop(waiting.stdin.take());
    assert!(waiting.wait().unwrap().success());
    let json: serde_json::Value =
        serde_json::from_str(&cached.command(&["clean", "--all", "--json"])).unwrap();
    assert!(json.get("bytes").and_then(serde_json::Value::as_u64).is_some(), "{json}");
    assert!(cached.file("files-v1", "text.txt").is_none());
    assert!(cached.cache.join("not ours").exists());
    cached.child().prints("right\n");
}

#[test]
fn what_is_old_goes_by_its_age() {
    let cached = Cached::new();
    cached.child().prints("right\n");
    let data = cached.file("files-v1", "text.txt").unwrap();
    let folder = data.ancestors().nth(3).unwrap();
    age(folder, 10);
    assert!(cached.command(&[]).contains("used 10 days ago"));
    cached.command(&["clean"]);
    assert!(data.exists());
    // A use makes it young again.
    cached.child().prints("right\n");
    cached.command(&["clean", "--older-than", "7d"]);
    assert!(data.exists());
    age(folder, 10);
    cached.command(&["clean", "--older-than", "7d"]);
    assert!(!data.exists());
    let outcome = coldframe(["cache", "clean", "--older-than", "soon"]).outcome();
    assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
    assert!(outcome.stderr.contains("such as `30d`"), "{outcome:#?}");
}

#[test]
fn without_a_home_it_lies_among_the_temporary_files() {
    let cached = Cached::new();
    let temporary = cached.app.beside("temporary");
    fs::create_dir(&temporary).unwrap();
    let child = |temporary: &Path| {
        let child = Child::new(&cached.built).of(&cached.app).env("COLDFRAME_CACHE_DIR", "");
        child.env("HOME", "/dev/null/home").env("TMPDIR", temporary).input("")
    };
    for _ in 0..2 {
        child(&temporary).prints("right\n");
    }
    let names = listing(&temporary);
    assert!(
        matches!(names.as_slice(), [name] if name.to_str().unwrap().starts_with("coldframe-")),
        "{names:?}"
    );
    let made = temporary.join(names.first().unwrap());
    assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);

    // Files that others may have put there are not used.
    fs::set_permissions(&made, Permissions::from_mode(0o777)).unwrap();
    let refused = child(&temporary).outcome();
    assert_ne!(refused.ending(), Ok(0), "{refused:#?}");
    assert!(refused.stderr.contains("others can write to it"), "{refused:#?}");
    let linked = cached.app.beside("linked");
    fs::create_dir(&linked).unwrap();
    std::os::unix::fs::symlink(&temporary, linked.join(made.file_name().unwrap())).unwrap();
    let refused = child(&linked).outcome();
    assert_ne!(refused.ending(), Ok(0), "{refused:#?}");
    assert!(refused.stderr.contains("COLDFRAME_CACHE_DIR"), "{refused:#?}");
}
