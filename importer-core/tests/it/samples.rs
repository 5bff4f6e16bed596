//! Archives to try things on.

use std::path::Path;

use importer_core::{Archive, MainGuard, ModuleEntry, Storage, Target, Writer};

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
    small_in(Storage::InPlace)
}

fn small_in(storage: Storage) -> Writer {
    let mut writer = Writer::new(target()).with_storage(storage);
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

/// The same, compressed, with what a dictionary is learned from, and with a library that shrinks.
pub(crate) fn small_and_compressed() -> Writer {
    let mut writer = small_in(Storage::Compressed);
    for number in 0..60u32 {
        let words = (0..60u32).map(|word| format!("name_{} ", (word * 7 + number * 13) % 97));
        let code = [Some(words.collect::<String>().into_bytes()), None, None];
        let name = format!("m{number}");
        let module = ModuleEntry { code, source: None, ..python(&name, &format!("{name}.py")) };
        writer.add_module(module).unwrap();
    }
    let library = Some(b"\x7fELF and so on, ".repeat(40));
    writer
        .add_module(ModuleEntry { extension: library, ..extension("_long", "_long.so") })
        .unwrap();
    writer
}
