//! Messages that users read when something is wrong.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use importer_core::{Archive, Error, ModuleEntry, ModuleName, Optimization, Target, Writer};

use crate::layout::Parts;
use crate::samples::{extension, opened, python, small, target, written};

fn open(bytes: &[u8]) -> Result<Archive, Error> {
    Archive::from_bytes(bytes.to_vec(), Path::new("app.cfa"))
}

/// The small archive with one byte flipped in the first place where that text lies.
fn flipped(text: &[u8]) -> Archive {
    let mut bytes = written(small());
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    bytes[at] ^= 1;
    open(&bytes).unwrap()
}

fn changed(at: usize, value: u8) -> Vec<u8> {
    let mut bytes = written(small());
    bytes[at] = value;
    bytes
}

fn behind() -> Vec<u8> {
    let mut file = Cursor::new(b"\x7fELF".to_vec());
    small().write_behind(&mut file).unwrap();
    file.into_inner()
}

#[test]
fn reading() {
    let bytes = written(small());
    let parts = Parts::of(&bytes);
    let mut bomb = bytes.clone();
    let reference = parts.compressed_reference(&bytes);
    bomb[reference + 30] = 1;
    parts.repair_checksums(&mut bomb);
    let mut no_buckets = bytes.clone();
    no_buckets[12] = 3;
    parts.repair_checksums(&mut no_buckets);
    let mut trailer = behind();
    let end = trailer.len();
    trailer[end - 30] ^= 1;
    let mut longer = behind();
    longer.splice(4..4, [0; 4096]);
    let mut every_bucket = bytes.clone();
    for byte in &mut every_bucket[128..192] {
        *byte ^= 1;
    }
    let other = Target { version: (3, 13), free_threaded: true, bytecode_magic: 3571, ..target() };
    let table: [(&str, Result<String, Error>); 21] = [
        ("missing file", Archive::open(Path::new("no/such/file")).map(|_| String::new())),
        (
            "missing executable",
            Archive::contained_in(Path::new("no/such/file")).map(|_| String::new()),
        ),
        ("empty file", open(b"").map(|_| String::new())),
        ("other file", open(b"#!/usr/bin/env python\nprint()\n").map(|_| String::new())),
        ("cut in the magic", open(&bytes[..5]).map(|_| String::new())),
        ("cut in the header", open(&bytes[..50]).map(|_| String::new())),
        ("cut at the end", open(&bytes[..bytes.len() - 1]).map(|_| String::new())),
        ("executable cut at the end", open(&behind()[..5000]).map(|_| String::new())),
        ("newer format", open(&changed(8, 2)).map(|_| String::new())),
        ("older format", open(&changed(8, 0)).map(|_| String::new())),
        ("header", open(&changed(44, 9)).map(|_| String::new())),
        ("buckets that are no power of two", open(&no_buckets).map(|_| String::new())),
        ("trailer", open(&trailer).map(|_| String::new())),
        ("trailer of a longer file", open(&longer).map(|_| String::new())),
        (
            "index",
            open(&every_bucket).and_then(|archive| archive.module("spam").map(|_| String::new())),
        ),
        ("list", {
            let mut bytes = bytes.clone();
            let list =
                usize::try_from(u64::from_le_bytes(bytes[56..64].try_into().unwrap())).unwrap();
            bytes[list] ^= 1;
            open(&bytes)
                .and_then(|archive| archive.modules().next().unwrap().map(|_| String::new()))
        }),
        ("record", flipped(b"spam/data.txt").file("spam/data.txt").map(|_| String::new())),
        (
            "bytecode",
            flipped(b"code one")
                .module("spam")
                .unwrap()
                .unwrap()
                .code(Optimization::One)
                .map(|_| String::new()),
        ),
        (
            "library",
            flipped(b"\x7fELF _ext")
                .module("_ext")
                .unwrap()
                .unwrap()
                .extension()
                .map(|_| String::new()),
        ),
        (
            "bomb",
            open(&bomb)
                .unwrap()
                .file("spam-1.0.dist-info/METADATA")
                .unwrap()
                .unwrap()
                .contents()
                .map(|_| String::new()),
        ),
        ("wrong target", opened(small()).check_target(&other).map(|()| String::new())),
    ];
    insta::assert_snapshot!(render(table));
}

/// Takes some bytes, then is full.
struct Full(Cursor<Vec<u8>>);

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::new(std::io::ErrorKind::StorageFull, "the disk is full"))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Full {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Full {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        self.0.seek(position)
    }
}

#[test]
fn writing() {
    type Attempt = fn(&mut Writer) -> Result<(), Error>;
    let attempts: [(&str, Attempt); 20] = [
        ("empty name", |writer| writer.add_module(python("", "a.py"))),
        ("empty part", |writer| writer.add_module(python("a..b", "a.py"))),
        ("slash in a name", |writer| writer.add_module(python("a/b", "a.py"))),
        ("name alone", |_| ModuleName::new(".a").map(|_| ())),
        ("empty path", |writer| writer.add_file("", Vec::new())),
        ("absolute path", |writer| writer.add_file("/etc/passwd", Vec::new())),
        ("parent path", |writer| writer.add_file("a/../b", Vec::new())),
        ("folder as path", |writer| writer.add_file("a/", Vec::new())),
        ("NUL", |writer| writer.add_file("a\0b", Vec::new())),
        ("path of a module", |writer| writer.add_module(python("a", "./a.py"))),
        ("module twice", |writer| writer.add_module(python("spam", "other/spam.py"))),
        ("empty module", |writer| {
            writer.add_module(ModuleEntry {
                source: None,
                code: [None, None, None],
                ..python("a", "a.py")
            })
        }),
        ("library and code", |writer| {
            writer.add_module(ModuleEntry { source: Some(Vec::new()), ..extension("a", "a.so") })
        }),
        ("file twice", |writer| {
            writer.add_file("spam/data.txt", b"some data".to_vec())?;
            writer.add_file("spam/data.txt", b"other data".to_vec())
        }),
        ("module over a file", |writer| writer.add_module(python("data", "spam/data.txt"))),
        ("file as a folder", |writer| writer.add_file("spam/data.txt/inside", Vec::new())),
        ("folder as a file", |writer| writer.add_file("spam", Vec::new())),
        ("distribution twice", |writer| {
            writer.add_distribution("spam", "spam-1.0.dist-info")?;
            writer.add_distribution("spam", "spam-2.0.dist-info")
        }),
        ("distribution without a name", |writer| writer.add_distribution("", "spam-1.0.dist-info")),
        ("attribute without a key", |writer| writer.set_attribute("", Vec::new())),
    ];
    let mut table = Vec::new();
    for (what, attempt) in attempts {
        let mut writer = small();
        table.push((what, attempt(&mut writer).map(|()| String::new())));
        // A refused entry leaves no trace.
        assert_eq!(written(writer), written(small()), "{what}");
    }

    let finished = |target, modules: &[(&str, &str)]| {
        let mut writer = Writer::new(target);
        for (name, path) in modules {
            writer.add_module(python(name, path))?;
        }
        writer.finish(&mut Vec::new()).map(|_| String::new())
    };
    table.push((
        "namespace in two folders",
        finished(target(), &[("ns.a", "x/ns/a.py"), ("ns.b", "y/ns/b.py")]),
    ));
    table.push(("namespace without a folder", finished(target(), &[("ns.a", "a.py")])));
    table.push((
        "no implementation",
        finished(Target { implementation: String::new(), ..target() }, &[]),
    ));
    let long = "an implementation with a long name".to_owned();
    table.push(("long implementation", finished(Target { implementation: long, ..target() }, &[])));
    table.push((
        "full disk",
        small().write_behind(&mut Full(Cursor::new(Vec::new()))).map(|_| String::new()),
    ));
    insta::assert_snapshot!(render(table));
}

fn render<'a>(table: impl IntoIterator<Item = (&'a str, Result<String, Error>)>) -> String {
    let line = |(what, outcome): (&str, Result<String, Error>)| match outcome {
        Ok(_) => format!("{what}: no error"),
        Err(error) => {
            // Each system has words of its own for a file that is not there.
            let of_system =
                std::fs::File::open("no/such/file").err().map(|error| error.to_string());
            let source = std::error::Error::source(&error).map(|source| {
                let text = source.to_string();
                let text = match of_system.as_deref() == Some(text.as_str()) {
                    true => "No such file or directory (os error 2)",
                    false => text.as_str(),
                };
                format!("\n    caused by: {text}")
            });
            format!("{what} ({:?}):\n    {error}{}", error.kind(), source.unwrap_or_default())
        }
    };
    table.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn errors_travel_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Error>();
    check::<Archive>();
    check::<importer_core::Hooks<String, String>>();
}
