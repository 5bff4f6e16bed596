//! Archives are written, and read by each way of opening.

use std::path::Path;

use importer_core::{
    Archive, Library, MainGuard, ModuleEntry, ModuleKind, ModuleName, Optimization, Storage,
    Target, Writer,
};

use crate::samples::{opened, python, small, target, written};

#[track_caller]
fn check_small(archive: &Archive) {
    assert_eq!(archive.target(), &target());
    let spam = archive.module("spam").unwrap().unwrap();
    assert_eq!(
        (spam.name(), spam.path(), spam.kind()),
        ("spam", "spam/__init__.py", ModuleKind::Source)
    );
    assert!(spam.is_package() && spam.has_main_guard());
    for (level, code) in Optimization::ALL.into_iter().zip(["code zero", "code one", "code two"]) {
        assert_eq!(spam.code(level).unwrap(), Some(code.as_bytes().into()));
    }
    let source = "print('spam')\n".repeat(20);
    assert_eq!(spam.source().unwrap().as_deref(), Some(source.as_bytes()));
    assert_eq!(
        archive.file("spam/__init__.py").unwrap().unwrap().contents().unwrap(),
        source.as_bytes()
    );
    assert_eq!((spam.extension().unwrap(), spam.extension_id()), (None, 0));

    let eggs = archive.module("space.eggs").unwrap().unwrap();
    assert!(!eggs.is_package() && !eggs.has_main_guard());
    assert_eq!(eggs.code(Optimization::One).unwrap(), None);
    let space = archive.module("space").unwrap().unwrap();
    assert_eq!(
        (space.kind(), space.path(), space.is_package()),
        (ModuleKind::Namespace, "space", true)
    );
    assert_eq!((space.code(Optimization::Zero).unwrap(), space.source().unwrap()), (None, None));

    let extension = archive.module("_ext").unwrap().unwrap();
    assert_eq!(extension.kind(), ModuleKind::Extension);
    assert_eq!(extension.extension().unwrap().as_deref(), Some(b"\x7fELF _ext".as_slice()));
    assert_ne!(extension.extension_id(), 0);
    assert_eq!(archive.file("_ext.so").unwrap().unwrap().len(), 9);

    assert_eq!(archive.module("bare").unwrap().unwrap().source().unwrap(), None);
    assert!(archive.file("bare.py").unwrap().is_none());
    assert_eq!(archive.distribution("spam").unwrap().as_deref(), Some("spam-1.0.dist-info"));
    assert_eq!(
        archive.attribute("configuration").unwrap().as_deref(),
        Some(b"run = \"repl\"\n".as_slice())
    );
    for absent in ["", "eggs", "spam.eggs", "spam/__init__.py", "Spam", "spam\0"] {
        assert!(archive.module(absent).unwrap().is_none(), "module {absent:?}");
    }
    for absent in ["", "spam", "spam/", "/spam/data.txt", "spam//data.txt", "./_ext.so"] {
        assert!(archive.file(absent).unwrap().is_none(), "file {absent:?}");
    }
    for absent in ["/", "spam/", "spam/data.txt", "."] {
        assert!(archive.directory(absent).unwrap().is_none(), "folder {absent:?}");
    }
    assert!(
        archive.distribution("eggs").unwrap().is_none()
            && archive.attribute("x").unwrap().is_none()
    );
}

#[test]
fn every_way_of_opening_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("small.cfa");
    std::fs::write(&bare, written(small())).unwrap();
    let executable = folder.path().join("program");
    std::fs::write(&executable, b"\x7fELF and so on").unwrap();
    let mut file = std::fs::File::options().read(true).write(true).open(&executable).unwrap();
    small().write_behind(&mut file).unwrap();
    drop(file);

    for (path, is_behind) in [(&bare, false), (&executable, true)] {
        check_small(&Archive::open(path).unwrap());
        check_small(&Archive::from_bytes(std::fs::read(path).unwrap(), path).unwrap());
        assert_eq!(Archive::contained_in(path).unwrap(), is_behind);
    }
    assert_eq!(Archive::position_in(&executable).unwrap().unwrap().start, 4096);

    // A second archive behind the first would be dead weight, and hide it.
    let before = std::fs::read(&executable).unwrap();
    let mut file = std::fs::File::options().read(true).write(true).open(&executable).unwrap();
    small().write_behind(&mut file).unwrap();
    assert_eq!(std::fs::read(&executable).unwrap(), before);
}

#[test]
fn folders_list_files_folders_and_modules() {
    let archive = opened(small());
    let listed = |path: &str| {
        let directory = archive.directory(path).unwrap().unwrap();
        let entries: Vec<String> = directory
            .entries()
            .map(Result::unwrap)
            .map(|entry| format!("{}{}", entry.name, if entry.is_directory { "/" } else { "" }))
            .chain(directory.modules().map(Result::unwrap).map(|module| {
                format!("{} {}", if module.is_package { "package" } else { "module" }, module.name)
            }))
            .collect();
        entries.join(", ")
    };
    let table: Vec<String> = ["", "space", "spam", "spam-1.0.dist-info"]
        .into_iter()
        .map(|path| format!("`{path}`: {}", listed(path)))
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn iterators_are_sorted_and_whole() {
    let archive = opened(small());
    let modules: Vec<_> =
        archive.modules().map(|module| module.unwrap().name().to_owned()).collect();
    assert_eq!(modules, ["_ext", "bare", "space", "space.eggs", "spam"]);
    let files: Vec<_> = archive.files().map(|file| file.unwrap().path().to_owned()).collect();
    let expected = [
        "_ext.so",
        "space/eggs.py",
        "spam-1.0.dist-info/METADATA",
        "spam/__init__.py",
        "spam/data.txt",
    ];
    assert_eq!(files, expected);
    let distributions: Vec<_> = archive.distributions().map(Result::unwrap).collect();
    assert_eq!(distributions, [("spam".to_owned(), "spam-1.0.dist-info".to_owned())]);
    let attributes: Vec<_> = archive.attributes().map(|attribute| attribute.unwrap().0).collect();
    assert_eq!(attributes, ["configuration"]);
}

#[test]
fn blobs_are_shared_aligned_and_compressed_when_it_pays() {
    let text = "all work and no play\n".repeat(500).into_bytes();
    let mut writer = Writer::new(target());
    for copy in 0..50 {
        writer.add_file(&format!("copy{copy}.txt"), text.clone()).unwrap();
        let code = [Some(text.clone()), Some(text.clone()), None];
        let module = ModuleEntry {
            code,
            source: None,
            ..python(&format!("m{copy}"), &format!("m{copy}.py"))
        };
        writer.add_module(module).unwrap();
    }
    let bytes = written(writer);
    let archive = Archive::from_bytes(bytes.clone(), Path::new("shared.cfa")).unwrap();
    let file = archive.file("copy7.txt").unwrap().unwrap();
    assert!(file.stored_len() * 10 < file.len(), "{} of {}", file.stored_len(), file.len());
    let code = archive.module("m7").unwrap().unwrap().code(Optimization::One).unwrap().unwrap();
    assert_eq!(code, text);
    // One plain copy (the bytecode), one compressed copy, and the records of 100 names.
    assert!(bytes.len() < 2 * text.len() + 100 * 200 + 64 * 64, "{}", bytes.len());
    // In place, and aligned from the start of the archive.
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    assert_eq!(at % 16, 0);
}

#[test]
fn an_extreme_ratio_is_stored_plain_rather_than_refused() {
    let zeros = vec![0; 4 << 20];
    let mut writer = Writer::new(target());
    writer.add_file("zeros", zeros.clone()).unwrap();
    writer.add_file("empty", Vec::new()).unwrap();
    let archive = opened(writer);
    assert_eq!(archive.file("zeros").unwrap().unwrap().contents().unwrap(), zeros);
    assert_eq!(archive.file("empty").unwrap().unwrap().contents().unwrap(), b"".as_slice());
}

#[test]
fn an_empty_archive_has_a_root_and_nothing_in_it() {
    let archive = opened(Writer::new(target()));
    assert_eq!(archive.directory("").unwrap().unwrap().entries().count(), 0);
    assert!(archive.module("spam").unwrap().is_none());
    assert_eq!((archive.modules().count(), archive.files().count()), (0, 0));
}

#[test]
fn targets_come_back_whole() {
    let targets = [
        Target { free_threaded: true, version: (3, 13), ..target() },
        Target { optimization: 2, bytecode_magic: u32::MAX, ..target() },
        Target { implementation: "sixteen bytes ok".to_owned(), version: (255, 0), ..target() },
    ];
    for target in targets {
        assert_eq!(opened(Writer::new(target.clone())).target(), &target);
    }
}

#[test]
fn names_that_can_be_imported_are_taken() {
    for name in ["a", "a.b", "foo-bar", "2to3", "été.λ", "with space", "a.class"] {
        let checked = ModuleName::new(name).unwrap();
        assert_eq!(checked.to_string(), name);
        let mut writer = Writer::new(target());
        writer.add_module(python(name, &format!("{}.py", name.replace('.', "/")))).unwrap();
        assert_eq!(opened(writer).module(name).unwrap().unwrap().name(), name);
    }
}

#[test]
fn a_module_inside_a_module_that_is_no_package_needs_no_namespace() {
    let mut writer = Writer::new(target());
    writer.add_module(python("six", "six.py")).unwrap();
    writer
        .add_module(ModuleEntry {
            has_main_guard: MainGuard::Absent,
            ..python("six.moves", "six_moves.py")
        })
        .unwrap();
    assert!(
        writer.contains_module("six.moves")
            && writer.contains_file("six.py")
            && !writer.contains_file("six")
    );
    assert_eq!(opened(writer).module("six").unwrap().unwrap().kind(), ModuleKind::Source);
}

#[test]
fn an_archive_may_hold_an_executable_with_an_archive() {
    // Stored plain and last, its trailer is then the end of the bare archive that holds it.
    let mut inner = std::io::Cursor::new(
        (0..5000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect(),
    );
    small().write_behind(&mut inner).unwrap();
    let mut writer = Writer::new(target());
    writer.add_file("program", inner.into_inner()).unwrap();
    let archive = opened(writer);
    let program = archive.file("program").unwrap().unwrap().contents().unwrap().into_owned();
    check_small(&Archive::from_bytes(program, Path::new("program")).unwrap());
}

/// Bytes that do not shrink, and are others for each number.
fn noise(number: u64, length: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

#[test]
fn what_does_not_fit_into_memory_waits_in_a_file_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large");
    let digits = noise(4, 5 << 20).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = digits.into_bytes();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("noise", noise(1, 30 << 20)),
        ("more noise", noise(2, 30 << 20)),
        ("text", text.clone()),
        ("library.so", [text, noise(3, 5 << 20)].concat()),
    ];
    for storage in [Storage::InPlace, Storage::Compressed] {
        let mut writers = Vec::new();
        for is_from_disk in [false, true] {
            let mut writer =
                Writer::new(target()).with_storage(storage).with_waiting_room(folder.path());
            for (path, contents) in &files {
                if path.ends_with(".so") {
                    writer.add_library(path, contents.clone()).unwrap();
                } else if is_from_disk {
                    let location = large.with_file_name(path);
                    std::fs::write(&location, contents).unwrap();
                    writer.add_file_from(path, &location).unwrap();
                } else {
                    writer.add_file(path, contents.clone()).unwrap();
                }
            }
            writers.push(written(writer));
        }
        assert!(writers[0] == writers[1], "{storage:?}: files from memory and from disk differ");
        let archive = Archive::from_bytes(writers.remove(0), Path::new("large.cfa")).unwrap();
        for (path, contents) in &files {
            let file = archive.file(path).unwrap().unwrap();
            assert!(*file.contents().unwrap() == **contents, "{storage:?}: {path}");
            if path.ends_with(".so") {
                let library = file.library().unwrap();
                assert_eq!(library.id(), Library::id_of(contents));
                assert_eq!(
                    library.checked_parts().unwrap().len() > 1,
                    storage == Storage::Compressed
                );
                let mut copy = vec![0; contents.len()];
                for part in library.checked_parts().unwrap() {
                    let at = usize::try_from(part.offset()).unwrap();
                    let part = part.contents().unwrap();
                    copy[at..at + part.len()].copy_from_slice(&part);
                }
                assert!(storage == Storage::InPlace || copy == *contents);
                assert!(library.is_copied_in(&mut contents.as_slice()).unwrap());
            }
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_packed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let location = folder.path().join("large");
    std::fs::write(&location, noise(1, 9 << 20)).unwrap();
    let mut writer = Writer::new(target());
    writer.add_file_from("large", &location).unwrap();
    let writing = writer.finish(&mut ChangesFile(location.clone()));
    let error = writing.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("has changed while it was being packed"), "{cause}");
    let error = error.to_string();
    assert!(error.contains(&*location.display().to_string()), "{error}");
}

/// Changes a file as soon as anything is written.
struct ChangesFile(std::path::PathBuf);

impl std::io::Write for ChangesFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::fs::write(&self.0, noise(2, 9 << 20))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
