//! Reads an archive by FORMAT.md alone, with nothing of this crate: the format is what that page says, not what the code does.

use std::fmt::Write;

use importer_core::{ModuleEntry, Writer};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::samples::{python, target, written};

fn number(bytes: &[u8], offset: usize, size: usize) -> u64 {
    let field = bytes.get(offset..offset + size).unwrap_or_default();
    field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn place(bytes: &[u8], offset: usize, size: usize) -> usize {
    usize::try_from(number(bytes, offset, size)).unwrap()
}

/// Where the parts of a good archive lie.
pub(crate) struct Parts {
    index: usize,
    buckets: usize,
    list: usize,
    records: Vec<usize>,
}

impl Parts {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let count: usize = (0..5).map(|kind| place(bytes, 72 + 4 * kind, 4)).sum();
        let list = place(bytes, 56, 8);
        let records = (0..count).map(|n| 8 * place(bytes, list + 4 * n, 4)).collect();
        Self { index: place(bytes, 48, 8), buckets: place(bytes, 12, 4), list, records }
    }

    /// Makes every checksum right again, from the innermost to the outermost.
    pub(crate) fn repair_checksums(&self, bytes: &mut [u8]) {
        let put = |bytes: &mut [u8], at: usize, size: usize, sum: u64| {
            bytes[at..at + size].copy_from_slice(&sum.to_le_bytes()[..size]);
        };
        for record in &self.records {
            for reference in references(bytes, *record) {
                let Some(blob) =
                    range(bytes, number(bytes, reference + 8, 8), number(bytes, reference + 16, 8))
                else {
                    continue;
                };
                let sum = xxh3_64(blob);
                put(bytes, reference + 32, 8, sum);
            }
            let Some(rest) = range(bytes, *record as u64, number(bytes, record + 8, 4))
                .and_then(|record| record.get(8..))
            else {
                continue;
            };
            let sum = xxh3_64(rest);
            put(bytes, *record, 8, sum);
        }
        for bucket in 0..self.buckets {
            let at = self.index + 64 * bucket;
            let sum = xxh3_64_with_seed(&bytes[at + 4..at + 64], bucket as u64);
            put(bytes, at, 4, sum);
        }
        let list = xxh3_64(&bytes[self.list..self.list + 4 * self.records.len()]);
        put(bytes, 64, 8, list);
        let header = xxh3_64(&bytes[..96]);
        put(bytes, 96, 8, header);
    }

    /// The offset of the only compressed reference of a file.
    pub(crate) fn compressed_reference(&self, bytes: &[u8]) -> usize {
        let of_files = self.records.iter().filter(|record| bytes[*record + 12] == 2);
        let mut all = of_files
            .flat_map(|record| references(bytes, *record))
            .filter(|at| number(bytes, *at + 24, 8) == 99);
        all.find(|at| bytes[*at + 1] == 1).unwrap()
    }
}

fn range(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(offset).ok()?..usize::try_from(offset.checked_add(length)?).ok()?)
}

fn references(bytes: &[u8], record: usize) -> Vec<usize> {
    let count = usize::try_from(number(bytes, record + 14, 2)).unwrap();
    (0..count).map(|n| record + 24 + 40 * n).take_while(|at| at + 40 <= bytes.len()).collect()
}

/// Lines of `offset  bytes  meaning`.
struct Dump<'a> {
    bytes: &'a [u8],
    text: String,
}

impl Dump<'_> {
    fn title(&mut self, title: &str) {
        writeln!(self.text, "\n{title}").unwrap();
    }

    fn field(&mut self, offset: usize, size: usize, meaning: &str) {
        let hex: Vec<String> =
            self.bytes[offset..offset + size].iter().map(|byte| format!("{byte:02x}")).collect();
        for (line, chunk) in hex.chunks(16).enumerate() {
            let meaning = if line == 0 { meaning } else { "" };
            let offset = offset + 16 * line;
            writeln!(
                self.text,
                "{}",
                format!("{offset:6}  {:47}  {meaning}", chunk.join(" ")).trim_end()
            )
            .unwrap();
        }
    }

    fn number(&mut self, offset: usize, size: usize, meaning: &str) {
        self.field(offset, size, &format!("{meaning}: {}", number(self.bytes, offset, size)));
    }

    fn text(&mut self, offset: usize, size: usize, meaning: &str) {
        let text = self.bytes[offset..offset + size].escape_ascii().to_string();
        if size > 0 {
            self.field(offset, size, &format!("{meaning} `{text}`"));
        }
    }

    fn sum(&mut self, offset: usize, size: usize, expected: u64, meaning: &str) {
        let mask = if size == 4 { u64::from(u32::MAX) } else { u64::MAX };
        assert_eq!(number(self.bytes, offset, size), expected & mask, "{meaning}");
        self.field(offset, size, &format!("{meaning} (right)"));
    }
}

#[test]
fn a_small_archive_lies_as_the_format_says() {
    let mut writer = Writer::new(target());
    writer.add_module(python("a", "a/__init__.py")).unwrap();
    writer.add_distribution("a", "a-1.dist-info").unwrap();
    writer.set_attribute("key", b"value".to_vec()).unwrap();
    let bytes = written(writer);
    let parts = Parts::of(&bytes);
    let mut dump = Dump { bytes: &bytes, text: String::new() };
    dump.title("header");
    header(&mut dump);
    for bucket in 0..parts.buckets {
        dump.title(&format!("bucket {bucket}"));
        bucket_fields(&mut dump, parts.index + 64 * bucket, bucket as u64);
    }
    let mut blobs = Vec::new();
    for record in &parts.records {
        dump.title("record");
        record_fields(&mut dump, *record, &mut blobs);
    }
    dump.title("sorted list");
    for (n, record) in parts.records.iter().enumerate() {
        dump.number(parts.list + 4 * n, 4, &format!("record / 8, hence at {record}"));
    }
    dump.title("blobs");
    blobs.sort_unstable();
    blobs.dedup();
    for (offset, length) in blobs {
        assert_eq!(offset % 16, 0);
        dump.text(offset, length, "");
    }
    insta::assert_snapshot!(dump.text.trim_start());
}

fn header(dump: &mut Dump<'_>) {
    dump.field(0, 8, "magic");
    dump.number(8, 4, "format version");
    dump.number(12, 4, "buckets");
    dump.number(16, 8, "length");
    assert_eq!(number(dump.bytes, 16, 8), dump.bytes.len() as u64);
    dump.text(24, 16, "implementation");
    dump.number(40, 1, "major version");
    dump.number(41, 1, "minor version");
    dump.number(42, 1, "free-threaded");
    dump.number(43, 1, "optimisation level");
    dump.number(44, 4, "bytecode magic");
    dump.number(48, 8, "offset of the index");
    dump.number(56, 8, "offset of the sorted list");
    dump.field(64, 8, "checksum of the sorted list");
    for (n, kind) in
        ["modules", "files", "folders", "distributions", "attributes"].into_iter().enumerate()
    {
        dump.number(72 + 4 * n, 4, kind);
    }
    dump.field(92, 4, "reserved");
    dump.sum(96, 8, xxh3_64(&dump.bytes[..96]), "checksum of the header");
    assert!(dump.bytes[104..128].iter().all(|byte| *byte == 0));
}

fn bucket_fields(dump: &mut Dump<'_>, at: usize, seed: u64) {
    dump.sum(
        at,
        4,
        xxh3_64_with_seed(&dump.bytes[at + 4..at + 64], seed),
        "checksum of the bucket",
    );
    dump.number(at + 4, 1, "slots in use");
    dump.number(at + 5, 1, "overflow");
    dump.field(at + 6, 2, "reserved");
    for slot in 0..usize::from(dump.bytes[at + 4]) {
        let at = at + 8 + 8 * slot;
        let record = 8 * place(dump.bytes, at + 4, 4);
        let key_at = record + 24 + 40 * place(dump.bytes, record + 14, 2);
        let key = &dump.bytes[key_at..key_at + place(dump.bytes, record + 16, 4)];
        let hash = xxh3_64_with_seed(key, u64::from(dump.bytes[record + 12]));
        assert_eq!(number(dump.bytes, at, 4), hash >> 32);
        dump.field(at, 4, &format!("tag of `{}`", String::from_utf8_lossy(key)));
        dump.number(at + 4, 4, &format!("record / 8, hence at {record}"));
    }
}

fn record_fields(dump: &mut Dump<'_>, at: usize, blobs: &mut Vec<(usize, usize)>) {
    let length = place(dump.bytes, at + 8, 4);
    dump.sum(at, 8, xxh3_64(&dump.bytes[at + 8..at + length]), "checksum of the record");
    dump.number(at + 8, 4, "length");
    dump.number(at + 12, 1, "kind");
    dump.number(at + 13, 1, "flags");
    dump.number(at + 14, 2, "blobs");
    dump.number(at + 16, 4, "length of the key");
    dump.number(at + 20, 4, "length of the path");
    let references = references(dump.bytes, at);
    for reference in &references {
        dump.number(*reference, 1, "role");
        dump.number(reference + 1, 1, "compression");
        dump.field(reference + 2, 6, "reserved");
        dump.number(reference + 8, 8, "offset");
        dump.number(reference + 16, 8, "stored length");
        dump.number(reference + 24, 8, "raw length");
        let blob = (place(dump.bytes, reference + 8, 8), place(dump.bytes, reference + 16, 8));
        dump.sum(
            reference + 32,
            8,
            xxh3_64(&dump.bytes[blob.0..blob.0 + blob.1]),
            "checksum of the blob",
        );
        blobs.push(blob);
    }
    let key = at + 24 + 40 * references.len();
    let key_length = place(dump.bytes, at + 16, 4);
    let path_length = place(dump.bytes, at + 20, 4);
    dump.text(key, key_length, "key");
    dump.text(key + key_length, path_length, "path");
    assert_eq!(key + key_length + path_length, at + length);
}

/// Blobs begin where FORMAT.md says, for each role and length that makes a difference.
#[test]
fn large_libraries_and_plain_files_begin_at_whole_pages() {
    let large = |byte: u8| vec![byte; 65536];
    // Noise: what can be compressed is stored so, and is not plain.
    let noise: Vec<u8> =
        (0..8192_u64).flat_map(|n| xxh3_64(&n.to_le_bytes()).to_le_bytes()).collect();
    let mut writer = Writer::new(target());
    writer.add_library("plain.so", large(1)).unwrap();
    writer.add_library("shorter.so", large(2)[1..].to_vec()).unwrap();
    let regular = (0..65536_u32).map(|n| (n / 64).to_le_bytes()[0]).collect();
    writer.add_file("compressed", regular).unwrap();
    writer.add_file("noise", noise).unwrap();
    for (name, code, extension) in [
        ("extension", None, Some(large(4))),
        ("small", None, Some(b"small".to_vec())),
        ("code", Some(large(5)), None),
    ] {
        let path = format!("{name}.so");
        let code = [code, None, None];
        let entry =
            ModuleEntry { name: name.into(), path, code, extension, ..ModuleEntry::default() };
        writer.add_module(entry).unwrap();
    }
    let bytes = written(writer);
    let mut n_pages = 0;
    for record in &Parts::of(&bytes).records {
        for at in references(&bytes, *record) {
            let (role, compression) = (bytes[at], bytes[at + 1]);
            let [offset, length] = [8, 16].map(|field| number(&bytes, at + field, 8));
            let is_paged = (role == 6 || role == 8 && compression == 0) && length >= 65536;
            assert_eq!(offset % if is_paged { 4096 } else { 16 }, 0, "role {role}, {length} bytes");
            n_pages += u32::from(is_paged);
        }
    }
    // The extension is its module's, and a file too.
    assert_eq!(n_pages, 4);
}
