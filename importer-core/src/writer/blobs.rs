//! The blobs of an archive that is being gathered: compressed when that pays, and equal ones kept once.

use std::borrow::Cow;
use std::collections::HashMap;

use twox_hash::XxHash3_128;

use crate::format::{Compression, MAX_DECOMPRESSED, MAX_RATIO, checksum};
use crate::record::Blob;

/// How hard zstd tries: beyond this the standard library hardly shrinks, and packing takes much longer.
const LEVEL: i32 = 9;

/// A blob in its pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct BlobId(usize);

/// How a blob may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    /// As it is: it is read in place.
    Plain,
    /// Compressed, when that saves a tenth or more.
    Smallest,
}

#[derive(Debug)]
pub(super) struct StoredBlob {
    pub(super) bytes: Vec<u8>,
    pub(super) raw_length: u64,
    pub(super) compression: Compression,
    pub(super) checksum: u64,
}

#[derive(Debug, Default)]
pub(super) struct BlobPool {
    blobs: Vec<StoredBlob>,
    /// Only asked, never walked, so its order cannot leak into the bytes.
    by_contents: HashMap<(Compression, u128), BlobId>,
}

impl BlobPool {
    pub(super) fn add(&mut self, raw: Vec<u8>, packing: Packing) -> BlobId {
        let raw_length = raw.len() as u64;
        let compressed = match packing {
            Packing::Plain => None,
            Packing::Smallest => compress(&raw),
        };
        match compressed {
            Some(bytes) => self.push(bytes, raw_length, Compression::Zstd),
            None => self.push(raw, raw_length, Compression::None),
        }
    }

    /// Takes a blob over from another archive as it is stored there.
    pub(super) fn add_stored(&mut self, blob: Blob<'_>) -> BlobId {
        self.push(blob.bytes.to_owned(), blob.raw_length, blob.compression)
    }

    fn push(&mut self, bytes: Vec<u8>, raw_length: u64, compression: Compression) -> BlobId {
        let key = (compression, XxHash3_128::oneshot(&bytes));
        if let Some(id) = self.by_contents.get(&key) {
            // The hash is no cryptographic digest: equal hashes are a hint, equal bytes are the proof.
            if self
                .get(*id)
                .is_some_and(|present| present.bytes == bytes && present.raw_length == raw_length)
            {
                return *id;
            }
        }
        let id = BlobId(self.blobs.len());
        let checksum = checksum(&bytes);
        self.blobs.push(StoredBlob { bytes, raw_length, compression, checksum });
        self.by_contents.insert(key, id);
        id
    }

    pub(super) fn get(&self, id: BlobId) -> Option<&StoredBlob> {
        self.blobs.get(id.0)
    }

    pub(super) fn len(&self) -> usize {
        self.blobs.len()
    }

    pub(super) fn index(id: BlobId) -> usize {
        id.0
    }

    /// Whether two blobs decompress to the same bytes.
    pub(super) fn same_contents(&self, one: BlobId, other: BlobId) -> bool {
        one == other || (self.raw(one).is_some() && self.raw(one) == self.raw(other))
    }

    fn raw(&self, id: BlobId) -> Option<Cow<'_, [u8]>> {
        let StoredBlob { bytes, raw_length, compression, .. } = self.get(id)?;
        Blob { bytes, raw_length: *raw_length, compression: *compression }.decompressed()
    }
}

/// Compresses, when that saves a tenth or more and the reader would accept the result.
fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    let raw_length = raw.len() as u64;
    if raw.is_empty() || raw_length > MAX_DECOMPRESSED {
        return None;
    }
    let compressed = zstd::bulk::compress(raw, LEVEL).ok()?;
    let stored_length = compressed.len() as u64;
    let pays = stored_length <= raw_length - raw_length.div_ceil(10);
    (pays && raw_length <= stored_length.saturating_mul(MAX_RATIO)).then_some(compressed)
}
