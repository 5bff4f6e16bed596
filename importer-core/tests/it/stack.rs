//! Several archives in order, and merging one into another.

use importer_core::{Archive, ErrorKind, ModuleKind, PartOfArchive, Stack, Target, Writer};

use crate::samples::{opened, python, small, target, written};

fn writer(modules: &[&str], files: &[(&str, &str)]) -> Writer {
    let mut writer = Writer::new(target());
    for path in modules {
        let name = path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
        writer.add_module(python(&name, path)).unwrap();
    }
    for (path, contents) in files {
        writer.add_file(path, contents.as_bytes().to_vec()).unwrap();
    }
    writer
}

fn stack() -> Stack {
    let mut first = writer(
        &["a.py", "ns/one.py", "late/x.py"],
        &[("data/both", "1"), ("data/first", "1"), ("mixed", "1")],
    );
    first.add_distribution("dist", "first.dist-info").unwrap();
    first.set_attribute("key", b"1".to_vec()).unwrap();
    let mut second = writer(
        &["a.py", "ns/two.py", "late/__init__.py"],
        &[("data/both", "2"), ("data/second", "2"), ("mixed/inside", "2")],
    );
    second.add_distribution("dist", "second.dist-info").unwrap();
    second.add_distribution("alone", "alone.dist-info").unwrap();
    second.set_attribute("key", b"2".to_vec()).unwrap();
    second.set_attribute("other", b"2".to_vec()).unwrap();
    Stack::new(vec![opened(first), opened(second)])
}

#[test]
fn the_first_regular_module_wins_and_namespaces_merge() {
    let stack = stack();
    let table = [
        ("a", Some((0, ModuleKind::Source))),
        ("ns", Some((0, ModuleKind::Namespace))),
        ("ns.one", Some((0, ModuleKind::Source))),
        ("ns.two", Some((1, ModuleKind::Source))),
        // A namespace part never hides a regular package, wherever that is.
        ("late", Some((1, ModuleKind::Source))),
        ("late.x", Some((0, ModuleKind::Source))),
        ("absent", None),
    ];
    for (name, expected) in table {
        let found = stack.module(name).unwrap().map(|(place, module)| (place, module.kind()));
        assert_eq!(found, expected, "{name}");
    }
    // Files named `__init__.py` are modules of that name as well, and then no packages.
    for (name, expected) in [
        ("late.__init__", Some((1, "late/__init__.py", false))),
        ("late", Some((1, "late/__init__.py", true))),
        ("late.x.__init__", None),
        ("ns.__init__", None),
        ("absent.__init__", None),
        ("__init__", None),
    ] {
        let found = stack.module(name).unwrap();
        let found = found.map(|(place, module)| (place, module.path(), module.is_package()));
        assert_eq!(found, expected, "{name}");
    }
    let places = |name| {
        stack.portions(name).unwrap().into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    assert_eq!((places("ns"), places("late"), places("a")), (vec![0, 1], vec![0], vec![]));
}

#[test]
fn files_come_from_the_first_and_folders_are_merged() {
    let stack = stack();
    assert_eq!(stack.file("data/both").unwrap().unwrap().contents().unwrap(), b"1".as_slice());
    assert_eq!(stack.file("data/second").unwrap().unwrap().contents().unwrap(), b"2".as_slice());
    let names = |path| {
        let entries = stack.directory(path).unwrap().unwrap();
        entries
            .iter()
            .map(|entry| format!("{}{}", entry.name, if entry.is_directory { "/" } else { "" }))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("data"), ["both", "first", "second"]);
    assert_eq!(names(""), ["a.py", "data/", "late/", "mixed", "ns/"]);
    assert!(stack.directory("nowhere").unwrap().is_none());
    let modules: Vec<_> =
        stack.directory_modules("ns").unwrap().unwrap().iter().map(|module| module.name).collect();
    assert_eq!(modules, ["one", "two"]);
    assert_eq!(stack.distribution("dist").unwrap().as_deref(), Some("first.dist-info"));
    let distributions = stack.distributions().unwrap();
    let expected = [("alone", "alone.dist-info"), ("dist", "first.dist-info")];
    assert_eq!(distributions, expected.map(|(name, folder)| (name.to_owned(), folder.to_owned())));
    assert_eq!(stack.attribute("key").unwrap().as_deref(), Some(b"1".as_slice()));
    assert_eq!(stack.attribute("other").unwrap().as_deref(), Some(b"2".as_slice()));
    assert!(Stack::default().module("a").unwrap().is_none());
}

#[test]
fn merging_answers_as_the_stack_does() {
    let stack = stack();
    let mut merged = Writer::new(target());
    for archive in stack.archives() {
        merged.add_archive(archive).unwrap();
    }
    let merged = Stack::new(vec![opened(merged)]);
    for name in ["a", "ns.one", "ns.two", "late.x", "late", "absent"] {
        let source = |stack: &Stack| {
            stack
                .module(name)
                .unwrap()
                .map(|(_, module)| module.source().unwrap().unwrap().into_owned())
        };
        assert_eq!(source(&merged), source(&stack), "{name}");
    }
    for path in ["data", "", "ns"] {
        assert_eq!(merged.directory(path).unwrap(), stack.directory(path).unwrap(), "{path}");
    }
    assert_eq!(merged.distributions().unwrap(), stack.distributions().unwrap());
    assert_eq!(merged.attribute("key").unwrap(), stack.attribute("key").unwrap());
}

#[test]
fn merging_alone_gives_the_same_bytes_and_another_python_is_refused() {
    let mut copy = Writer::new(target());
    copy.add_archive(&opened(small())).unwrap();
    assert_eq!(written(copy), written(small()));
    let mut other = Writer::new(Target { version: (3, 11), ..target() });
    assert_eq!(other.add_archive(&opened(small())).unwrap_err().kind(), ErrorKind::WrongTarget);
}

#[test]
fn an_archive_is_copied_from_its_file_with_all_that_is_wrong_in_it() {
    let mut state = 1_u32;
    let large: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    })
    .take(300_000)
    .collect();
    let filled = |data: &[u8]| {
        let mut writer = small();
        writer.add_file("large", data.to_vec()).unwrap();
        writer.add_file("large-again", data.to_vec()).unwrap();
        writer
    };
    let folder = tempfile::tempdir().unwrap();
    let copied = |bytes: &[u8], more: &[(&str, &[u8])]| {
        let path = folder.path().join("archive");
        std::fs::write(&path, bytes).unwrap();
        let mut copy = Writer::new(target());
        for (path, contents) in more {
            copy.add_file(path, contents.to_vec()).unwrap();
        }
        let archive = Archive::open(&path).unwrap();
        copy.add_archive_of_file(&archive, std::fs::File::open(&path).unwrap())?;
        let mut out = std::fs::File::create(folder.path().join("out")).unwrap();
        copy.finish(&mut out)?;
        Ok::<_, importer_core::Error>(std::fs::read(folder.path().join("out")).unwrap())
    };
    let whole = written(filled(&large));
    assert!(copied(&whole, &[]).unwrap() == whole);
    let mut more = filled(&large);
    more.add_file("same", large.clone()).unwrap();
    assert!(copied(&whole, &[("same", &large)]).unwrap() == written(more));
    // The same behind an executable.
    let mut executable = std::io::Cursor::new(vec![1; 5000]);
    filled(&large).write_behind(&mut executable).unwrap();
    assert!(copied(&executable.into_inner(), &[]).unwrap() == whole);
    let at = whole.windows(64).position(|part| part == &large[..64]).unwrap() + 200_000;
    let mut damaged = whole;
    damaged[at] ^= 1;
    let copy = copied(&damaged, &[]).unwrap();
    assert!(copy == damaged);
    let copy = Archive::from_bytes(copy, std::path::Path::new("copy")).unwrap();
    assert_eq!(copy.check().unwrap_err().kind(), ErrorKind::Damaged);
}

#[test]
fn merging_takes_what_is_wanted_with_all_its_parts() {
    let from = opened(small());
    let mut copy = Writer::new(target());
    let keeps = |part: PartOfArchive<'_>| match part {
        PartOfArchive::Module { name, path } => name != "bare" && path != "_ext.so",
        PartOfArchive::File { path } => path != "spam/data.txt" && path != "_ext.so",
        PartOfArchive::Attribute { key } => key != "unwanted",
    };
    copy.add_archive_where(&from, keeps).unwrap();
    let copy = opened(copy);
    let modules: Vec<_> = copy.modules().map(|found| found.unwrap().name().to_owned()).collect();
    assert_eq!(modules, ["space", "space.eggs", "spam"]);
    let files: Vec<_> = copy.files().map(|found| found.unwrap().path().to_owned()).collect();
    assert_eq!(files, ["space/eggs.py", "spam-1.0.dist-info/METADATA", "spam/__init__.py"]);
    assert!(copy.module("spam").unwrap().unwrap().has_main_guard());
    assert_eq!(copy.attribute("configuration").unwrap(), from.attribute("configuration").unwrap());
    let none = |_: PartOfArchive<'_>| false;
    let mut empty = Writer::new(target());
    empty.add_archive_where(&from, none).unwrap();
    assert_eq!(opened(empty).attributes().count(), 0);
}
