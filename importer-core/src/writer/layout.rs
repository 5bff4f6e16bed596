//! Gives every part its place and writes it all: header, index, records, list, blobs.

use std::io::Write;

use zerocopy::little_endian::U32;
use zerocopy::{FromZeros, IntoBytes};

use super::Writer;
use super::blobs::{BlobId, PackedBlobs, StoredBlob};
use super::packing::Packing;
use crate::format::{
    BLOB_ALIGNMENT, BUCKET_LENGTH, BlobReference, Compression, DICTIONARY, HEADER_LENGTH, Header,
    INDEX_OFFSET, Kind, MAGIC, MAPPED_FROM, PAGE, Preamble, RECORD_ALIGNMENT, RecordHead, Role,
    VERSION, checksum, flags, key_hash,
};
use crate::{Error, index, listing};

/// A record that has no place yet.
struct Draft {
    kind: Kind,
    flags: u8,
    key: String,
    path: String,
    blobs: Vec<(Role, BlobId)>,
}

pub(super) fn write(mut writer: Writer, out: &mut impl Write) -> Result<u64, Error> {
    let target = writer.target.to_record()?;
    let dictionary = writer.dictionary()?;
    if let Some(dictionary) = &dictionary {
        let blob = writer.blobs.add(dictionary.clone(), Packing::Plain)?;
        writer.attributes.insert(DICTIONARY.to_owned(), blob);
    }
    let drafts = drafts(&mut writer)?;
    let blobs = std::mem::take(&mut writer.blobs).pack(writer.storage, dictionary.as_deref())?;
    let bucket_count = index::bucket_count(drafts.len()).ok_or_else(too_large)?;

    let records_offset = INDEX_OFFSET + u64::from(bucket_count) * BUCKET_LENGTH;
    let mut offset = records_offset;
    let mut offsets = Vec::with_capacity(drafts.len());
    for draft in &drafts {
        offsets.push(U32::new(u32::try_from(offset / RECORD_ALIGNMENT).map_err(|_| too_large())?));
        offset += draft.length()?.next_multiple_of(RECORD_ALIGNMENT);
    }
    let list_offset = offset;
    let blobs_offset =
        (list_offset + offsets.as_bytes().len() as u64).next_multiple_of(BLOB_ALIGNMENT);
    let places = Places::new(&drafts, &blobs, blobs_offset);

    let mut header = Header {
        preamble: Preamble { magic: MAGIC, version: VERSION.into() },
        bucket_count: bucket_count.into(),
        total_length: places.end.into(),
        target,
        index_offset: INDEX_OFFSET.into(),
        list_offset: list_offset.into(),
        list_checksum: checksum(offsets.as_bytes()).into(),
        counts: Kind::ALL.map(|kind| {
            U32::new(drafts.iter().filter(|draft| draft.kind == kind).fold(0, |n, _| n + 1))
        }),
        ..Header::new_zeroed()
    };
    header.checksum = header.computed_checksum().into();

    let mut front = header.as_bytes().to_vec();
    pad(&mut front, INDEX_OFFSET - HEADER_LENGTH);
    let entries: Vec<_> = drafts
        .iter()
        .zip(&offsets)
        .map(|(draft, record)| (key_hash(draft.kind, &draft.key), record.get()))
        .collect();
    front.extend(index::build(&entries, bucket_count).as_bytes());
    for draft in &drafts {
        let record = draft.encode(&blobs, &places)?;
        front.extend(&record);
        let length = record.len() as u64;
        pad(&mut front, length.next_multiple_of(RECORD_ALIGNMENT) - length);
    }
    front.extend(offsets.as_bytes());
    out.write_all(&front).map_err(Error::write)?;

    let mut written = front.len() as u64;
    for (id, offset) in &places.order {
        let Some(blob) = blobs.get(*id) else { continue };
        let mut padding = Vec::new();
        pad(&mut padding, offset - written);
        out.write_all(&padding).map_err(Error::write)?;
        blobs.copy(blob, out)?;
        written = offset + blob.stored_length;
    }
    let mut padding = Vec::new();
    pad(&mut padding, places.end - written);
    out.write_all(&padding).map_err(Error::write)?;
    out.flush().map_err(Error::write)?;
    Ok(places.end)
}

/// Every record in the order of the sorted list: by kind, then by key.
fn drafts(writer: &mut Writer) -> Result<Vec<Draft>, Error> {
    let mut drafts = Vec::new();
    for (name, folder) in writer.namespaces()? {
        let flags = flags::NAMESPACE | flags::PACKAGE;
        drafts.push(Draft {
            kind: Kind::Module,
            flags,
            key: name.to_owned(),
            path: folder.to_owned(),
            blobs: Vec::new(),
        });
    }
    let mut listings = Vec::new();
    for (folder, folder_listing) in writer.listings() {
        let too_long = || Error::invalid("folder", folder, "a name in it is too long");
        let entries = listing::encode(&folder_listing.entries).ok_or_else(too_long)?;
        let modules = listing::encode(&folder_listing.modules).ok_or_else(too_long)?;
        listings.push((folder.to_owned(), entries, modules));
    }
    for (key, entries, modules) in listings {
        let entries = writer.blobs.add(entries, Packing::Plain)?;
        let modules = writer.blobs.add(modules, Packing::Plain)?;
        let blobs = vec![(Role::Entries, entries), (Role::Modules, modules)];
        drafts.push(Draft { kind: Kind::Directory, flags: 0, key, path: String::new(), blobs });
    }
    for (key, module) in std::mem::take(&mut writer.modules) {
        drafts.push(Draft {
            kind: Kind::Module,
            flags: module.flags,
            key,
            path: module.path,
            blobs: module.blobs,
        });
    }
    let files = std::mem::take(&mut writer.files).into_iter().map(|entry| (Kind::File, entry));
    let attributes =
        std::mem::take(&mut writer.attributes).into_iter().map(|entry| (Kind::Attribute, entry));
    for (kind, (key, blob)) in files.chain(attributes) {
        drafts.push(Draft {
            kind,
            flags: 0,
            key,
            path: String::new(),
            blobs: vec![(Role::Contents, blob)],
        });
    }
    for (key, path) in std::mem::take(&mut writer.distributions) {
        drafts.push(Draft { kind: Kind::Distribution, flags: 0, key, path, blobs: Vec::new() });
    }
    drafts.sort_by(|one, other| (one.kind, &one.key).cmp(&(other.kind, &other.key)));
    Ok(drafts)
}

/// The place of each blob. They are sorted by role, so that blobs that a start reads (bytecode) lie together; then by first user.
struct Places {
    by_blob: Vec<Option<u64>>,
    order: Vec<(BlobId, u64)>,
    end: u64,
}

impl Places {
    fn new(drafts: &[Draft], blobs: &PackedBlobs, start: u64) -> Self {
        let mut places = Self { by_blob: vec![None; blobs.len()], order: Vec::new(), end: start };
        for role in Role::ALL {
            let users = drafts
                .iter()
                .flat_map(|draft| &draft.blobs)
                .filter(|(used_as, _)| *used_as == role);
            for (_, id) in users {
                let number = blobs.number(*id);
                let (Some(place), Some(blob)) =
                    (number.and_then(|number| places.by_blob.get_mut(number)), blobs.get(*id))
                else {
                    continue;
                };
                if place.is_none() {
                    let start = places.end.next_multiple_of(alignment(role, blob));
                    *place = Some(start);
                    places.order.push((*id, start));
                    places.end = (start + blob.stored_length).next_multiple_of(BLOB_ALIGNMENT);
                }
            }
        }
        places
    }

    fn get(&self, number: Option<usize>) -> Option<u64> {
        self.by_blob.get(number?).copied().flatten()
    }
}

/// The alignment of a blob.
fn alignment(role: Role, blob: &StoredBlob) -> u64 {
    let is_plain_file =
        matches!(role, Role::Extension | Role::Contents) && blob.compression == Compression::None;
    if is_plain_file && blob.stored_length >= MAPPED_FROM { PAGE } else { BLOB_ALIGNMENT }
}

impl Draft {
    fn length(&self) -> Result<u64, Error> {
        let references = self.blobs.len() * size_of::<BlobReference>();
        let length =
            (size_of::<RecordHead>() + references + self.key.len() + self.path.len()) as u64;
        if u32::try_from(length).is_ok() {
            Ok(length)
        } else {
            Err(Error::invalid(self.kind.describe(), &self.key, "its name is too long"))
        }
    }

    fn encode(&self, blobs: &PackedBlobs, places: &Places) -> Result<Vec<u8>, Error> {
        let narrow = |length: u64| u32::try_from(length).map_err(|_| too_large());
        let mut head = RecordHead {
            length: narrow(self.length()?)?.into(),
            kind: self.kind as u8,
            flags: self.flags,
            blob_count: u16::try_from(self.blobs.len()).map_err(|_| too_large())?.into(),
            key_length: narrow(self.key.len() as u64)?.into(),
            path_length: narrow(self.path.len() as u64)?.into(),
            ..RecordHead::new_zeroed()
        };
        let mut body = Vec::new();
        for (role, id) in &self.blobs {
            let (Some(blob), Some(offset)) = (blobs.get(*id), places.get(blobs.number(*id))) else {
                continue;
            };
            let reference = BlobReference {
                role: *role as u8,
                compression: blob.compression as u8,
                offset: offset.into(),
                stored_length: blob.stored_length.into(),
                raw_length: blob.raw_length.into(),
                checksum: blob.checksum.into(),
                ..BlobReference::new_zeroed()
            };
            body.extend(reference.as_bytes());
        }
        body.extend(self.key.as_bytes());
        body.extend(self.path.as_bytes());
        let checked =
            [head.as_bytes().get(size_of_val(&head.checksum)..).unwrap_or_default(), &body]
                .concat();
        head.checksum = checksum(&checked).into();
        Ok([head.as_bytes(), &body].concat())
    }
}

fn pad(bytes: &mut Vec<u8>, count: u64) {
    bytes.extend(std::iter::repeat_n(0, usize::try_from(count).unwrap_or_default()));
}

fn too_large() -> Error {
    Error::invalid("archive", "", "it has more entries than the format can hold")
}
