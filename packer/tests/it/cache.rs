//! The cache: whole files or none, safe for two at once, and clear about a folder that cannot be used.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use packer::{Application, CacheError, CacheErrorKind, CacheFolder, KeyBuilder};

use crate::support::{Fixture, lay, names, tree};

#[test]
fn the_folder_is_the_one_asked_for() {
    let (asked, named) = (Path::new("/asked"), OsStr::new("/named"));
    let path =
        |explicit, variable| CacheFolder::locate(explicit, variable).unwrap().path().to_owned();
    // On Windows a path from the root is one of some drive.
    let whole = |path: &Path| std::path::absolute(path).unwrap();
    assert_eq!(path(Some(asked), Some(named)), whole(asked));
    assert_eq!(path(None, Some(named)), whole(Path::new(named)));
    assert_eq!(path(None, Some(OsStr::new(""))).file_name(), Some(OsStr::new("coldframe")));
}

#[test]
fn many_at_once_see_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheFolder::locate(Some(&folder.path().join("a/b")), None).unwrap();
    let contents = vec![7u8; 1 << 20];
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let path = cache.get_or_create("key", |file| {
                    made.fetch_add(1, Ordering::Relaxed);
                    for part in contents.chunks(4096) {
                        file.write_all(part).map_err(|error| cache.write_error(error))?;
                    }
                    Ok::<_, CacheError>(())
                });
                assert_eq!(fs::read(path.unwrap()).unwrap(), contents);
            });
        }
    });
    assert!(made.load(Ordering::Relaxed) >= 1);
    assert_eq!(names(&cache.path().join("archives-v1")), ["key.coldframe"]);
    cache.remove("key").unwrap();
    cache.remove("key").unwrap();
    assert_eq!(cache.get("key"), None);
}

#[test]
fn a_failure_leaves_nothing_and_old_files_go() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheFolder::locate(Some(folder.path()), None).unwrap();
    cache.get_or_create("new", |_| Ok::<_, CacheError>(())).unwrap();
    let archives = folder.path().join("archives-v1");
    let (old, young) = (format!("{:032x}.coldframe", 1), format!("{:032x}.coldframe", 2));
    let ours = [old.as_str(), young.as_str(), ".unfinished-aB3cD4"];
    // Names that Coldframe does not give, with any ending.
    let others = ["photos.coldframe", "old", ".unfinished-my-photos", "0123.coldframe"];
    let long_ago = SystemTime::now() - Duration::from_secs(40 * 24 * 60 * 60);
    for name in ours.iter().chain(&others) {
        let file = fs::File::create(archives.join(name)).unwrap();
        if *name != young {
            file.set_modified(long_ago).unwrap();
        }
    }
    let full = || cache.write_error(io::Error::other("full"));
    let failed = cache.get_or_create("other", |_| Err::<(), _>(full()));
    assert_eq!(failed.unwrap_err().to_string(), full().to_string());
    assert_eq!(names(&archives).len(), 8);
    cache.get_or_create("newer", |_| Ok::<_, CacheError>(())).unwrap();
    let mut left = [young.as_str(), "new.coldframe", "newer.coldframe"].to_vec();
    left.extend(others);
    left.sort_unstable();
    assert_eq!(names(&archives), left);
}

#[test]
fn a_folder_that_cannot_be_used_is_named_with_the_way_out() {
    let folder = tree(&[("file", "")]);
    // A file where the folder should be: this also stops a superuser, whom permissions do not.
    let cache = CacheFolder::locate(Some(&folder.path().join("file").join("cache")), None).unwrap();
    let error = cache.get_or_create("key", |_| Ok::<_, CacheError>(())).unwrap_err();
    assert!(matches!(error.kind(), CacheErrorKind::Io(_)), "{error:?}");
    let error = error.to_string();
    let place = folder.path().join("file").join("cache");
    let start = format!("could not keep archives in the cache folder `{}`: ", place.display());
    assert!(error.starts_with(&start), "{error}");
    assert!(
        error.ends_with("; name another with `--cache-dir` or `COLDFRAME_CACHE_DIR`"),
        "{error}"
    );
}

#[test]
fn keys_follow_contents() {
    let fixture = Fixture::new();
    let folder = tree(&[("__main__.py", "1\n"), ("a.py", "")]);
    let key = || {
        let application = Application::read(folder.path(), None, &fixture.python, &[]).unwrap();
        let key = KeyBuilder::new().text("python", &fixture.python.identity());
        key.application(&application).unwrap().finish()
    };
    let first = key();
    assert_eq!(first.len(), 32);
    assert_eq!(first, key());
    lay(folder.path(), &[("__main__.py", "2\n")]);
    let second = key();
    assert_ne!(first, second);
    fs::rename(folder.path().join("a.py"), folder.path().join("b.py")).unwrap();
    assert_ne!(second, key());
    lay(folder.path(), &[("__main__.py", "1\n"), ("a.py", "")]);
    fs::remove_file(folder.path().join("b.py")).unwrap();
    assert_eq!(first, key());
}
