//! Archives to try things on.

use std::path::Path;

use importer_core::{Archive, MainGuard, ModuleEntry, Target, Writer};

pub(crate) fn target() -> Target {
    Target {
        implementation: "cpython".to_owned(),
        version: (3, 12),
        bytecode_magic: 3531,
        free_threaded: false,
        optimization: 0,
    }
}

/// A module with source and bytecode that can be told from any other's.
pub(crate) fn python(name: &str, path: &str) -> ModuleEntry {
    ModuleEntry {
        name: name.to_owned(),
        path: path.to_owned(),
        is_package: path.ends_with("__init__.py"),
        code: [Some(format!("code of {name}").into_bytes()), None, None],
        source: Some(format!("# {name}\n").into_bytes()),
        ..ModuleEntry::default()
    }
}

pub(crate) fn extension(name: &str, path: &str) -> ModuleEntry {
    let library = Some(format!("\x7fELF {name}").into_bytes());
    ModuleEntry {
        name: name.to_owned(),
        path: path.to_owned(),
        extension: library,
        ..ModuleEntry::default()
    }
}

pub(crate) fn written(writer: Writer) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = writer.finish(&mut bytes).unwrap();
    assert_eq!(length, bytes.len() as u64);
    bytes
}

pub(crate) fn opened(writer: Writer) -> Archive {
    Archive::from_bytes(written(writer), Path::new("sample.cfa")).unwrap()
}

/// One of everything the format knows, and small enough to damage every byte of it.
pub(crate) fn small() -> Writer {
    let mut writer = Writer::new(target());
    let code = ["zero", "one", "two"].map(|level| Some(format!("code {level}").into_bytes()));
    let source = Some("print('spam')\n".repeat(20).into_bytes());
    let spam = ModuleEntry {
        code,
        source,
        has_main_guard: MainGuard::Present,
        ..python("spam", "spam/__init__.py")
    };
    writer.add_module(spam).unwrap();
    writer.add_module(python("space.eggs", "space/eggs.py")).unwrap();
    writer.add_module(ModuleEntry { source: None, ..python("bare", "bare.py") }).unwrap();
    writer.add_module(extension("_ext", "_ext.so")).unwrap();
    writer.add_file("spam/data.txt", b"some data".to_vec()).unwrap();
    writer.add_distribution("spam", "spam-1.0.dist-info").unwrap();
    writer.add_file("spam-1.0.dist-info/METADATA", b"Name: spam\n".repeat(9)).unwrap();
    writer.set_attribute("configuration", b"run = \"repl\"\n".to_vec()).unwrap();
    writer
}
