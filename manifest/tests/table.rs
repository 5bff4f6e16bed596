//! Every attribute as it stands in an archive, and what is refused in its place.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Debug;
use std::path::Path;

use importer_core::{Archive, Target, Writer};
use interp_config::Settings;
use manifest::{
    CONFIGURATION, ErrorKind, Key, NeededLibraries, OpenedLibraries, PYTHON, RUNTIME, ServedFiles,
    ServedPackage, ServedPackages, ServedPath, SystemLibrary, TRACE, VERSION, Value,
    configuration_entry, file_access, layout, needed_libraries, opened_libraries, served_files,
    system_library, version,
};
use mapped_libraries::{LibraryLayout, MappedPages, Word};

/// The text of a layout that has a part of each kind.
const LAYOUT: &str = "length 5123\ndata 4df0 4e00\ndata 4e80 5010\ntables 0 440\ntables 500 600\nconstants 0 0 1000\ncode 1000 1000 2000\nword 4e10 1000\nentry 1000\ninit 1010\ninit-array 4df0 4e00\n";

fn archive(attributes: &[(&str, &[u8])]) -> Archive {
    let target = Target {
        implementation: "cpython".into(),
        version: (3, 12),
        bytecode_magic: 3531,
        free_threaded: false,
        optimization: 0,
    };
    let mut writer = Writer::new(target);
    for (name, value) in attributes {
        writer.set_attribute(name, value.to_vec()).unwrap();
    }
    let mut bytes = Vec::new();
    writer.finish(&mut bytes).unwrap();
    Archive::from_bytes(bytes, Path::new("app")).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// A row: a value, its name and its text.
fn is_written<T: Value + Debug + PartialEq>(key: &Key<T>, value: T, name: &str, text: &str) {
    let (found, bytes) = key.entry(&value);
    assert_eq!((found.as_str(), String::from_utf8(bytes).unwrap().as_str()), (name, text));
    let archive = archive(&[(name, text.as_bytes())]);
    assert_eq!(key.read(&archive).unwrap(), Some(value), "{name}: {text:?}");
}

/// A row: bytes that are no value, and the message.
fn is_refused<T: Value + Debug>(key: &Key<T>, bytes: &[u8], why: &str) {
    let archive = archive(&[(key.name(), bytes)]);
    let message = key.read(&archive).unwrap_err().to_string();
    let name = key.name();
    assert_eq!(
        message,
        format!(
            "the attribute `{name}` of the archive is not understood: {why}; build the application again"
        )
    );
}

#[test]
fn what_is_written_is_read() {
    let package = |folder: &str, lists, has_libraries| ServedPackage {
        folder: folder.into(),
        digest: "0123abcd".into(),
        lists,
        has_libraries,
    };
    let served = |packages| ServedPackages { packages };
    let row = |value, text| is_written(&file_access(), value, "file-access", text);
    row(served(vec![]), "");
    row(served(vec![package("certifi", false, false)]), "certifi\t0123abcd\n");
    row(
        served(vec![package("cv2", true, true), package("a b.py", false, true)]),
        "cv2\t0123abcd\tlists\tlibraries\na b.py\t0123abcd\tlibraries\n",
    );
    row(served(vec![package("a\tb\\c\nd", true, false)]), "a\\tb\\\\c\\nd\t0123abcd\tlists\n");

    let row = |paths: &[&str], text| {
        let paths = paths.iter().copied().map(ServedPath::from).collect();
        is_written(&served_files("0123"), ServedFiles { paths }, "files:0123", text);
    };
    row(&[], "");
    row(&["certifi/cacert.pem"], "certifi/cacert.pem");
    row(&["a/b.txt", "a/empty/", "a/ä\n.txt"], "a/b.txt\na/empty/\na/ä\\n.txt");

    let row = |groups: &[&[&str]], text| {
        let groups = groups.iter().map(|group| texts(group)).collect();
        is_written(
            &needed_libraries("a/m.so"),
            NeededLibraries { groups },
            "libraries:a/m.so",
            text,
        );
    };
    row(&[], "");
    row(
        &[&["a.libs/x.so"], &["a.libs/y.so", "a.libs/z.so"]],
        "a.libs/x.so\na.libs/y.so\ta.libs/z.so",
    );

    let row = |value, text| {
        is_written(&system_library("libssl.so.3"), value, "system-library:libssl.so.3", text);
    };
    row(SystemLibrary::Packed, "");
    row(SystemLibrary::SystemFirst { asked: vec![] }, "system-first");
    row(
        SystemLibrary::SystemFirst { asked: texts(&["GLIBCXX_3.4", "free"]) },
        "system-first\nGLIBCXX_3.4\nfree",
    );

    let row = |names: &[&str], text| {
        let names = texts(names);
        is_written(&opened_libraries(), OpenedLibraries { names }, "opened-libraries", text);
    };
    row(&[], "");
    row(&["libtcl8.6.so", "libz.so.1"], "libtcl8.6.so\nlibz.so.1");

    let value = LibraryLayout {
        length: 0x5123,
        data: vec![0x4df0..0x4e00, 0x4e80..0x5010],
        tables: vec![0..0x440, 0x500..0x600],
        mapped: vec![
            MappedPages { offset: 0, address: 0, length: 0x1000, is_code: false },
            MappedPages { offset: 0x1000, address: 0x1000, length: 0x2000, is_code: true },
        ],
        words: vec![Word { offset: 0x4e10, value: 0x1000 }],
        entry: 0x1000,
        init: Some(0x1010),
        init_array: 0x4df0..0x4e00,
    };
    is_written(&layout(0x2a), value, "layout:000000000000002a", LAYOUT);
    is_written(&version(), VERSION, "manifest", "1");
}

#[test]
fn what_is_never_written_is_refused() {
    let key = file_access();
    is_refused(&key, b"certifi\n", "line 1: there is no digest");
    is_refused(&key, b"a\t01\nb\t../../b\n", "line 2: there is no digest");
    is_refused(&key, b"\t01\n", "line 1: a field is empty");
    is_refused(&key, b"a\t01\tlikes\n", "line 1: a word of it is unknown");
    is_refused(&key, b"a\xff\t01\n", "it is not UTF-8");
    let key = served_files("0123");
    is_refused(&key, b"a\n\nb", "line 2: a field is empty");
    is_refused(&key, b"a\n/", "line 2: a path is empty");
    is_refused(&key, b"a\\x", "line 1: a backslash stands alone");
    let key = needed_libraries("a/m.so");
    is_refused(&key, b"a.so\t\tb.so", "line 1: a field is empty");
    is_refused(&key, b"\xff", "it is not UTF-8");
    is_refused(&system_library("x"), b"system-last", "line 1: it is no way to take a library");
    is_refused(&opened_libraries(), b"a\n\\", "line 2: a backslash stands alone");
    is_refused(&layout(0), b"length x", "not the layout of a library");
    is_refused(&version(), b"one", "it is no number");
}

#[test]
fn an_archive_without_attributes_says_nothing() {
    let archive = archive(&[]);
    assert_eq!(file_access().read(&archive).unwrap(), None);
    assert_eq!(manifest::configuration(&archive).unwrap(), None);
    manifest::check_version(&archive).unwrap();
}

#[test]
fn settings_come_back() {
    let settings = Settings::default();
    let (name, bytes) = configuration_entry(&settings);
    let with_settings = archive(&[(&name, &bytes)]);
    assert_eq!(manifest::configuration(&with_settings).unwrap(), Some(settings));
    let damaged = archive(&[(&name, b"[run")]);
    assert_eq!(manifest::configuration(&damaged).unwrap_err().kind(), ErrorKind::Configuration);
}

#[test]
fn another_version_is_refused() {
    for found in ["0", "2", "later"] {
        let (name, settings) = configuration_entry(&Settings::default());
        let archive = archive(&[("manifest", found.as_bytes()), (&name, &settings)]);
        let message = format!(
            "archive `app` has manifest version {found}, and this program reads manifest version 1; build it again with the \
             `coldframe` that is to run it"
        );
        assert_eq!(manifest::check_version(&archive).unwrap_err().to_string(), message);
        assert_eq!(manifest::configuration(&archive).unwrap_err().to_string(), message);
    }
}

#[test]
fn the_page_names_each_attribute() {
    let page = include_str!("../../importer-core/FORMAT.md");
    let names = [
        version().name(),
        file_access().name(),
        opened_libraries().name(),
        CONFIGURATION,
        PYTHON,
        TRACE,
        RUNTIME,
        "files:DIGEST",
        "libraries:PATH",
        "layout:ID",
        "system-library:NAME",
    ]
    .map(str::to_owned);
    for name in names {
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
    }
    assert!(page.contains(&format!("version is {VERSION}:")));
}
