//! Code that the fuzz targets share: their first inputs, and archives for them.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use importer_core::{MainGuard, ModuleEntry, Target, Writer};

/// The first bytes of an archive (`importer-core/FORMAT.md`).
pub const MAGIC: &[u8] = b"\x89CFA\r\n\x1a\n";

/// The variable with the folder for the inputs that a target begins with; it is that target's corpus.
pub const SEEDS: &str = "COLDFRAME_FUZZ_SEEDS";

/// Writes the inputs that a target begins with. A corpus that was kept stays, and they are in it again.
pub fn seed(inputs: impl IntoIterator<Item = Vec<u8>>) {
    let Some(folder) = std::env::var_os(SEEDS).map(PathBuf::from) else { return };
    for (number, input) in inputs.into_iter().enumerate() {
        let path = folder.join(format!("seed-{number}"));
        if let Err(error) = fs::write(&path, input) {
            panic!("could not write `{}`: {error}", path.display());
        }
    }
}

/// Texts as inputs.
pub fn seed_texts(texts: &[&str]) {
    seed(texts.iter().map(|text| text.as_bytes().to_vec()));
}

/// One of everything the format knows.
pub fn sample() -> Writer {
    let mut writer = Writer::new(Target {
        implementation: "cpython".to_owned(),
        version: (3, 12),
        bytecode_magic: 3531,
        free_threaded: false,
        optimization: 0,
    });
    let python = |name: &str, path: &str| ModuleEntry {
        name: name.to_owned(),
        path: path.to_owned(),
        is_package: path.ends_with("__init__.py"),
        code: [Some(b"code zero".to_vec()), Some(b"one".to_vec()), Some(b"two".to_vec())],
        source: Some(b"print('spam')\n".repeat(20)),
        has_main_guard: MainGuard::Present,
        ..ModuleEntry::default()
    };
    let extension = ModuleEntry {
        name: "_ext".to_owned(),
        path: "_ext.so".to_owned(),
        extension: Some(b"\x7fELF library".to_vec()),
        ..ModuleEntry::default()
    };
    let added = writer
        .add_module(python("spam", "spam/__init__.py"))
        .and_then(|()| writer.add_module(python("space.eggs", "space/eggs.py")))
        .and_then(|()| writer.add_module(extension))
        .and_then(|()| writer.add_file("spam/data.txt", b"some data".to_vec()))
        .and_then(|()| writer.add_distribution("spam", "spam-1.0.dist-info"))
        .and_then(|()| writer.add_file("spam-1.0.dist-info/METADATA", b"Name: spam\n".repeat(9)))
        .and_then(|()| writer.set_attribute("configuration", b"run = \"repl\"\n".to_vec()));
    added.expect("a sound sample");
    writer
}

/// The bytes of an archive.
pub fn written(writer: Writer) -> Vec<u8> {
    let mut bytes = Vec::new();
    writer.finish(&mut bytes).expect("a sound sample");
    bytes
}

/// A file with an archive behind it; damage to the file itself is an error as well.
pub fn written_behind(file: &[u8]) -> Option<Vec<u8>> {
    let mut file = Cursor::new(file.to_vec());
    sample().write_behind(&mut file).ok()?;
    let length = usize::try_from(file.position()).ok()?;
    let mut bytes = file.into_inner();
    bytes.truncate(length);
    Some(bytes)
}

/// A small executable with the parts that the launcher has for an archive: a header, a section for its place, and its name.
pub fn small_elf() -> Vec<u8> {
    // The targets are executables of that kind; of this one only the headers count.
    let mut elf = vec![0; 64];
    elf[..16].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    let names = b"\0.coldframe\0.shstrtab\0";
    let word = |value: u64| value.to_le_bytes();
    elf[16..20].copy_from_slice(&[2, 0, 62, 0]);
    elf[20] = 1;
    elf[40..48].copy_from_slice(&word(64 + names.len() as u64));
    elf[52..64].copy_from_slice(&[64, 0, 56, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
    elf.extend(names);
    let sections = [(0, 0, 0, 0), (1, 1, 64, 0), (12, 3, 64, names.len() as u64)];
    for (name, kind, offset, length) in sections {
        let mut section = [0; 64];
        section[..4].copy_from_slice(&u32::to_le_bytes(name));
        section[4..8].copy_from_slice(&u32::to_le_bytes(kind));
        section[24..32].copy_from_slice(&word(offset));
        section[32..40].copy_from_slice(&word(length));
        elf.extend(section);
    }
    elf
}

/// A shared library with all that is looked for: symbols with versions, a search path, initialisers, data of threads, and
/// constants that are worth mapping.
const LIBRARY: &str = "
extern double exp(double);
extern int asprintf(char **, const char *, ...);
static const unsigned char large[20000] = {1, 2, 3};
__thread int of_thread = 5;
int (*written)(char **, const char *, ...) = asprintf;
__attribute__((constructor)) static void begin(void) { of_thread = 7; }
double PyInit_native(int at) { return exp(large[at % 20000]) + of_thread; }
";

/// Shared libraries of this machine's compiler, and the head of one that no compiler writes.
pub fn libraries() -> Vec<Vec<u8>> {
    let flags: [&[&str]; 3] = [
        &["-Wl,-soname,libnative.so", "-Wl,-rpath,/opt/lib:$ORIGIN/../native.libs", "-lm"],
        &["-g", "-Wl,--disable-new-dtags,-rpath,/opt/lib", "-Wl,-z,pack-relative-relocs", "-lm"],
        &["-s", "-nostdlib"],
    ];
    let mut libraries: Vec<_> = flags.into_iter().map(compiled).collect();
    libraries.push(small_elf());
    libraries
}

fn compiled(flags: &[&str]) -> Vec<u8> {
    let path = std::env::temp_dir().join(format!("coldframe-fuzz-{}.so", std::process::id()));
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", "-x", "c", "-", "-o"]).arg(&path).args(flags);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("a C compiler");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(LIBRARY.as_bytes()).expect("a C compiler that reads");
    drop(input);
    assert!(child.wait().expect("a C compiler").success(), "{flags:?}");
    let library = fs::read(&path).expect("a library");
    fs::remove_file(&path).expect("a library that can be removed");
    library
}
