//! How blobs are stored: as they are, or as zstd frames.

use std::borrow::Cow;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use std::hash::Hasher as _;
use twox_hash::XxHash3_64;
use zstd::bulk::Compressor;
use zstd::dict::EncoderDictionary;

use super::Storage;
use super::spool::Kept;
use crate::Error;
use crate::format::{Compression, MAX_DECOMPRESSED, MAX_RATIO, checksum, kept};
use crate::frames::{FRAME, FrameTable};

/// The level of zstd: beyond this sources hardly shrink, and packing takes much longer.
const LEVEL: i32 = 9;

/// For an archive in which all is compressed: libraries shrink by another tenth, and take thirty times as long.
const COMPRESSED_LEVEL: i32 = 19;

/// Blobs up to this length use the dictionary: longer ones have enough of their own to learn from.
const DICTIONARY_UP_TO: usize = 256 << 10;

/// The length of a dictionary, at most (zstd's own default).
const DICTIONARY_LENGTH: usize = 112_640;

/// As many bytes are read to make a dictionary, at most.
const SAMPLES: usize = 8 << 20;

/// How a blob may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Packing {
    /// As it is: it is read in place.
    Plain,
    /// Compressed, when that saves a tenth or more.
    Smallest,
    /// Compressed when that saves a tenth or more, with the archive's dictionary if it is short.
    Dictionary,
    /// Compressed when that saves a tenth or more, in frames that can be read at once.
    Library,
}

impl Packing {
    /// Whether a blob that another archive stores so may be taken as it is.
    pub(super) fn accepts(self, compression: Compression) -> bool {
        match (self, compression) {
            (Self::Plain | Self::Smallest, Compression::None)
            | (Self::Smallest | Self::Library, Compression::Zstd) => true,
            // Another archive's dictionary is not this one's.
            _other => false,
        }
    }
}

/// A dictionary for these, if they are enough to learn from.
pub(super) fn dictionary<'s>(samples: impl Iterator<Item = Cow<'s, [u8]>>) -> Option<Vec<u8>> {
    let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
    for sample in samples {
        let sample = sample.get(..sample.len().min(DICTIONARY_UP_TO)).unwrap_or_default();
        if bytes.len() + sample.len() > SAMPLES {
            break;
        }
        bytes.extend_from_slice(sample);
        lengths.push(sample.len());
    }
    // zstd wants some hundred times as much as the dictionary is to have; with less, it is most of what it saves.
    let length = DICTIONARY_LENGTH.min(bytes.len() / 40);
    zstd::dict::from_continuous(&bytes, &lengths, length).ok()
}

/// A blob that may be compressed, and how.
pub(super) type Job<'b> = Option<(Cow<'b, [u8]>, Packing)>;

/// Compresses blobs.
pub(super) struct Packers {
    dictionary: Option<EncoderDictionary<'static>>,
    level: i32,
    threads: usize,
}

impl Packers {
    pub(super) fn new(storage: Storage, dictionary: Option<&[u8]>) -> Self {
        let level = match storage {
            Storage::InPlace => LEVEL,
            Storage::Compressed => COMPRESSED_LEVEL,
        };
        let dictionary =
            dictionary.map(|dictionary| EncoderDictionary::copy(dictionary, COMPRESSED_LEVEL));
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self { dictionary, level, threads }
    }

    /// Packs each, in threads; `None` for one that is stored as it is.
    pub(super) fn pack_all(&self, jobs: &[Job<'_>]) -> Vec<Option<(Vec<u8>, Compression)>> {
        self.in_threads(jobs.len(), |index| {
            let (raw, packing) = jobs.get(index)?.as_ref()?;
            self.pack(raw, *packing)
        })
    }

    fn pack(&self, raw: &[u8], packing: Packing) -> Option<(Vec<u8>, Compression)> {
        let raw_length = raw.len() as u64;
        if raw.is_empty() || !self.could_pack(raw_length, packing) {
            return None;
        }
        let (packed, compression) = match (packing, &self.dictionary) {
            (Packing::Plain, _) => return None,
            (Packing::Dictionary, Some(dictionary)) if raw.len() <= DICTIONARY_UP_TO => {
                let mut compressor = Compressor::with_prepared_dictionary(dictionary).ok()?;
                (compressor.compress(raw).ok()?, Compression::ZstdDictionary)
            }
            (Packing::Smallest | Packing::Dictionary, _) => {
                (zstd::bulk::compress(raw, self.level).ok()?, Compression::Zstd)
            }
            (Packing::Library, _) => {
                let (mut packed, mut table) = (Vec::new(), FrameTable::default());
                for part in raw.chunks(FRAME) {
                    let frame = zstd::bulk::compress(part, self.level).ok()?;
                    table.push(frame.len(), part.len());
                    packed.extend(frame);
                }
                packed.extend(table.encode(checksum(raw)));
                (packed, Compression::Zstd)
            }
        };
        pays(raw_length, packed.len() as u64).then_some((packed, compression))
    }

    /// Whether a reader would accept it, if it was compressed.
    pub(super) fn could_pack(&self, raw_length: u64, packing: Packing) -> bool {
        // Miri runs no code in C.
        packing != Packing::Plain && raw_length <= MAX_DECOMPRESSED && !cfg!(miri)
    }

    /// Packs bytes that are read in parts into frames, and hands these to `out`; the result tells whether that was of use.
    pub(super) fn pack_large(
        &self,
        raw: &mut dyn Read,
        raw_length: u64,
        packing: Packing,
        out: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Kept, Error> {
        let (mut table, mut hash) = (FrameTable::default(), XxHash3_64::new());
        let mut packed_length = 0;
        // The first part decides: who has it in a file that does not shrink need not read all of it.
        let mut wanted = 1;
        loop {
            let mut parts = Vec::new();
            for _ in 0..wanted {
                let mut part = Vec::new();
                raw.take(FRAME as u64).read_to_end(&mut part).map_err(Error::write)?;
                if part.is_empty() {
                    break;
                }
                hash.write(&part);
                parts.push(part);
            }
            if parts.is_empty() {
                break;
            }
            let frames = self.in_threads(parts.len(), |index| {
                zstd::bulk::compress(parts.get(index)?, self.level).ok()
            });
            for (part, frame) in parts.iter().zip(frames) {
                let Some(frame) = frame else { return Ok(Kept::No) };
                if wanted == 1 && !pays(part.len() as u64, frame.len() as u64) {
                    return Ok(Kept::No);
                }
                table.push(frame.len(), part.len());
                packed_length += frame.len() as u64;
                out(&frame)?;
            }
            wanted = self.threads * 2;
        }
        if packing == Packing::Library {
            let end = table.encode(kept(hash.finish()));
            packed_length += end.len() as u64;
            out(&end)?;
        }
        Ok(if pays(raw_length, packed_length) { Kept::Yes } else { Kept::No })
    }

    /// The results of a function for each of `count` numbers, in order.
    fn in_threads<T: Send>(
        &self,
        count: usize,
        work: impl Fn(usize) -> Option<T> + Sync,
    ) -> Vec<Option<T>> {
        let next = AtomicUsize::new(0);
        let share = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return done;
                }
                done.push((index, work(index)));
            }
        };
        let mut results: Vec<Option<T>> = std::iter::repeat_with(|| None).take(count).collect();
        let done = thread::scope(|scope| {
            let others = (1..self.threads.min(count))
                .filter_map(|_| thread::Builder::new().spawn_scoped(scope, share).ok())
                .collect::<Vec<_>>();
            let mut done = share();
            for other in others {
                match other.join() {
                    Ok(more) => done.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            done
        });
        for (index, result) in done {
            if let Some(place) = results.get_mut(index) {
                *place = result;
            }
        }
        results
    }
}

/// Whether compression saves a tenth or more, and the reader would accept the result.
fn pays(raw_length: u64, stored_length: u64) -> bool {
    stored_length <= raw_length - raw_length.div_ceil(10)
        && raw_length <= stored_length.saturating_mul(MAX_RATIO)
}
