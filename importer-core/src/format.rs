//! The byte layout, as FORMAT.md specifies it: one struct per part, one table per enum, one function per checksum.

use twox_hash::XxHash3_64;
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Begins an archive. The first byte is not text and the rest breaks when line ends are translated, as in PNG.
pub(crate) const MAGIC: [u8; 8] = *b"\x89CFA\r\n\x1a\n";
/// Ends a file that has an archive behind it.
pub(crate) const TRAILER_MAGIC: [u8; 8] = *b"\x89CFEND\r\n";
/// The one format version this crate writes and reads.
pub(crate) const VERSION: u32 = 1;
/// An archive behind an executable begins at a multiple of this, so that it can be mapped; and so do large plain files in it.
pub(crate) const PAGE: u64 = 4096;
/// Libraries and plain files of this length begin at a whole page, so that they can be mapped by themselves.
pub(crate) const MAPPED_FROM: u64 = 64 * 1024;
/// The index follows the header at this offset.
pub(crate) const INDEX_OFFSET: u64 = 128;
/// Blobs begin at multiples of this.
pub(crate) const BLOB_ALIGNMENT: u64 = 16;
/// Records begin at multiples of this, and the index and the list count in it.
pub(crate) const RECORD_ALIGNMENT: u64 = 8;
/// Entries of one bucket.
pub(crate) const SLOTS: usize = 7;
/// No compressed blob is larger than this when decompressed.
pub(crate) const MAX_DECOMPRESSED: u64 = 1 << 30;
/// No compressed blob grows by more than this factor when decompressed.
pub(crate) const MAX_RATIO: u64 = 1024;

/// The first bytes of an archive: these never change between format versions.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Preamble {
    pub(crate) magic: [u8; 8],
    pub(crate) version: U32,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Header {
    pub(crate) preamble: Preamble,
    pub(crate) bucket_count: U32,
    pub(crate) total_length: U64,
    pub(crate) target: TargetRecord,
    pub(crate) index_offset: U64,
    pub(crate) list_offset: U64,
    pub(crate) list_checksum: U64,
    /// The number of records of each kind, in the order of [`Kind::ALL`].
    pub(crate) counts: [U32; 5],
    pub(crate) reserved: [u8; 4],
    /// The checksum of everything before it.
    pub(crate) checksum: U64,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct TargetRecord {
    /// Padded with NUL.
    pub(crate) implementation: [u8; 16],
    pub(crate) major: u8,
    pub(crate) minor: u8,
    pub(crate) free_threaded: u8,
    pub(crate) optimization: u8,
    pub(crate) bytecode_magic: U32,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Bucket {
    pub(crate) checksum: U32,
    pub(crate) count: u8,
    /// 1 when an entry that belongs here had to go to a later bucket.
    pub(crate) overflow: u8,
    pub(crate) reserved: [u8; 2],
    pub(crate) slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Slot {
    pub(crate) tag: U32,
    /// Offset of the record, in units of [`RECORD_ALIGNMENT`].
    pub(crate) record: U32,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct RecordHead {
    /// The checksum of the `length` bytes of the record, without this field.
    pub(crate) checksum: U64,
    /// The length of the whole record: this head, the references, key and path; without the padding.
    pub(crate) length: U32,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) blob_count: U16,
    pub(crate) key_length: U32,
    pub(crate) path_length: U32,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct BlobReference {
    pub(crate) role: u8,
    pub(crate) compression: u8,
    pub(crate) reserved: [u8; 6],
    pub(crate) offset: U64,
    pub(crate) stored_length: U64,
    pub(crate) raw_length: U64,
    /// The checksum of the stored bytes.
    pub(crate) checksum: U64,
}

#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct Trailer {
    pub(crate) offset: U64,
    pub(crate) length: U64,
    /// The checksum of the two fields before it.
    pub(crate) checksum: U64,
    pub(crate) magic: [u8; 8],
}

pub(crate) const HEADER_LENGTH: u64 = size_of::<Header>() as u64;
pub(crate) const BUCKET_LENGTH: u64 = size_of::<Bucket>() as u64;
pub(crate) const TRAILER_LENGTH: u64 = size_of::<Trailer>() as u64;

// FORMAT.md says these numbers; a changed struct must not compile before it and VERSION are changed too.
const _: () = assert!(
    size_of::<Header>() == 104 && size_of::<Bucket>() == 64 && size_of::<RecordHead>() == 24
);
const _: () = assert!(
    size_of::<BlobReference>() == 40 && size_of::<Trailer>() == 32 && size_of::<Slot>() == 8
);

/// The kind of thing that a record describes. The order is that of the sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Kind {
    Module = 1,
    File = 2,
    Directory = 3,
    Distribution = 4,
    Attribute = 5,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Module, Self::File, Self::Directory, Self::Distribution, Self::Attribute];

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::File => "file",
            Self::Directory => "folder",
            Self::Distribution => "distribution",
            Self::Attribute => "attribute",
        }
    }
}

/// The role of a blob in its record. The order is that of the blobs in the file: blobs that a start needs lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub(crate) enum Role {
    Entries = 1,
    Modules = 2,
    Code0 = 3,
    Code1 = 4,
    Code2 = 5,
    Extension = 6,
    Source = 7,
    Contents = 8,
}

impl Role {
    pub(crate) const ALL: [Self; 8] = [
        Self::Entries,
        Self::Modules,
        Self::Code0,
        Self::Code1,
        Self::Code2,
        Self::Extension,
        Self::Source,
        Self::Contents,
    ];

    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Entries => "listing",
            Self::Modules => "module listing",
            Self::Code0 => "bytecode (-O0)",
            Self::Code1 => "bytecode (-O1)",
            Self::Code2 => "bytecode (-O2)",
            Self::Extension => "shared library",
            Self::Source => "source",
            Self::Contents => "content",
        }
    }
}

/// How a blob is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(crate) enum Compression {
    None = 0,
    Zstd = 1,
    /// With the dictionary in the attribute [`DICTIONARY`].
    ZstdDictionary = 2,
}

/// The key of the attribute with the dictionary of blobs that need one.
pub(crate) const DICTIONARY: &str = "zstd-dictionary";

impl Compression {
    pub(crate) const ALL: [Self; 3] = [Self::None, Self::Zstd, Self::ZstdDictionary];

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|compression| *compression as u8 == byte)
    }
}

/// The flags of a module's record.
pub(crate) mod flags {
    pub(crate) const KIND_MASK: u8 = 0b0000_0011;
    pub(crate) const SOURCE: u8 = 0;
    pub(crate) const EXTENSION: u8 = 1;
    pub(crate) const NAMESPACE: u8 = 2;
    pub(crate) const PACKAGE: u8 = 0b0000_0100;
    pub(crate) const MAIN_GUARD: u8 = 0b0000_1000;
}

/// The hash of a key: the low half chooses the bucket, the high half is the tag.
pub(crate) fn key_hash(kind: Kind, key: &str) -> u64 {
    XxHash3_64::oneshot_with_seed(u64::from(kind as u8), key.as_bytes())
}

pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    kept(XxHash3_64::oneshot(bytes))
}

/// A hash as it is compared. A fuzzer guesses none, and would never reach the code behind a comparison: for `cargo xtask fuzz`
/// every checksum is 0, as if an attacker had forged it.
pub(crate) fn kept(hash: u64) -> u64 {
    if cfg!(fuzzing) { 0 } else { hash }
}

impl Header {
    pub(crate) fn computed_checksum(&self) -> u64 {
        let bytes = self.as_bytes();
        checksum(bytes.get(..bytes.len() - size_of::<U64>()).unwrap_or_default())
    }
}

impl Bucket {
    /// Seeded by the bucket's place, so that one bucket cannot stand for another.
    pub(crate) fn computed_checksum(&self, place: u32) -> u32 {
        let bytes = self.as_bytes().get(size_of::<U32>()..).unwrap_or_default();
        let hash = kept(XxHash3_64::oneshot_with_seed(u64::from(place), bytes));
        let [a, b, c, d, ..] = hash.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

impl Trailer {
    pub(crate) fn computed_checksum(&self) -> u64 {
        checksum([self.offset, self.length].as_bytes())
    }
}

/// `length` bytes from `offset` on, when they are there.
pub(crate) fn bytes_at(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let end = offset.checked_add(length)?;
    bytes.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)
}
