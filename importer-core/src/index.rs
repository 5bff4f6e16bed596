//! The hash index: from a key to its record in one probe, hardly ever two.

use zerocopy::{FromBytes, FromZeros};

use crate::error::{Fault, Part};
use crate::format::{
    BUCKET_LENGTH, Bucket, Kind, RECORD_ALIGNMENT, SLOTS, Slot, bytes_at, key_hash,
};
use crate::record::Record;
use crate::{Archive, Error};

/// Looks one key up: hash, bucket, record, comparison.
pub(crate) fn find<'a>(
    archive: &'a Archive,
    kind: Kind,
    key: &str,
) -> Result<Option<Record<'a>>, Error> {
    let header = archive.header();
    let bucket_count = header.bucket_count.get();
    let (home, tag) = halves(key_hash(kind, key), bucket_count);
    // Never more probes than buckets: an index in which every bucket overflows must end, too.
    for step in 0..bucket_count {
        let place = home.wrapping_add(step) & (bucket_count - 1);
        let offset = header.index_offset.get() + u64::from(place) * BUCKET_LENGTH;
        let bytes = bytes_at(archive.bytes(), offset, BUCKET_LENGTH);
        let Some(bucket) = bytes.and_then(|bytes| Bucket::ref_from_bytes(bytes).ok()) else {
            return Err(archive.damaged(Part::Index, offset, Fault::OutOfBounds));
        };
        if bucket.checksum != bucket.computed_checksum(place) {
            return Err(archive.damaged(Part::Index, offset, Fault::Checksum));
        }
        for slot in bucket.slots.iter().take(usize::from(bucket.count)) {
            if slot.tag == tag {
                let record =
                    Record::read(archive, u64::from(slot.record.get()) * RECORD_ALIGNMENT)?;
                if record.kind == kind && record.key == key {
                    return Ok(Some(record));
                }
            }
        }
        if bucket.overflow == 0 {
            return Ok(None);
        }
    }
    Ok(None)
}

/// The bucket where a hash belongs, and its tag.
fn halves(hash: u64, bucket_count: u32) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = hash.to_le_bytes();
    (u32::from_le_bytes([a, b, c, d]) & (bucket_count - 1), u32::from_le_bytes([e, f, g, h]))
}

/// The number of buckets in an archive of that many entries: a power of two that is at most 70 % full.
pub(crate) fn bucket_count(entries: usize) -> Option<u32> {
    let needed = (entries as u64).checked_mul(10)?.div_ceil(7 * SLOTS as u64);
    u32::try_from(needed.max(1)).ok()?.checked_next_power_of_two()
}

/// Builds the index from (hash, record in units of [`RECORD_ALIGNMENT`]).
pub(crate) fn build(entries: &[(u64, u32)], bucket_count: u32) -> Vec<Bucket> {
    let mut buckets = vec![Bucket::new_zeroed(); bucket_count as usize];
    for (hash, record) in entries {
        let (home, tag) = halves(*hash, bucket_count);
        for step in 0..bucket_count {
            let place = home.wrapping_add(step) & (bucket_count - 1);
            let Some(bucket) = buckets.get_mut(place as usize) else { break };
            if let Some(slot) = bucket.slots.get_mut(usize::from(bucket.count)) {
                *slot = Slot { tag: tag.into(), record: (*record).into() };
                bucket.count += 1;
                break;
            }
            bucket.overflow = 1;
        }
    }
    for (place, bucket) in (0..bucket_count).zip(&mut buckets) {
        bucket.checksum = bucket.computed_checksum(place).into();
    }
    buckets
}
