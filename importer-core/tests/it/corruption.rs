//! Damage: every answer of a damaged archive is an error or the answer of the whole one. Nothing panics.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use importer_core::{Archive, CopyError, Error, Module, Optimization};

use crate::layout::Parts;
use crate::samples::{small, small_and_compressed, written};

type Answers = BTreeMap<String, Result<String, Error>>;

/// Every answer an archive can give, each from its own look-up, by question.
fn answers(archive: &Archive) -> Answers {
    let mut answers = Answers::new();
    let mut put = |what: String, answer: Result<String, Error>| answers.insert(what, answer);
    for name in
        ["spam", "space", "space.eggs", "bare", "_ext", "_long", "m7", "absent", "spam.absent", ""]
    {
        let module = archive.module(name);
        put(
            format!("module {name}"),
            module.map(|module| format!("{:?}", module.map(|module| describe(&module)))),
        );
        let Ok(Some(module)) = archive.module(name) else { continue };
        for level in Optimization::ALL {
            put(
                format!("code {level:?} of {name}"),
                module.code(level).map(|code| format!("{code:?}")),
            );
        }
        put(format!("source of {name}"), module.source().map(|source| format!("{source:?}")));
        put(
            format!("library of {name}"),
            module.extension().map(|extension| format!("{extension:?}")),
        );
        let copied = module.library().and_then(|library| {
            let Some(library) = library else { return Ok("none".to_owned()) };
            let mut copy = Vec::new();
            match library.copy_to(&mut copy) {
                Ok(()) => Ok(format!("{} {:x} {copy:?}", library.len(), library.id())),
                Err(CopyError::Damaged(error)) => Err(error),
                Err(CopyError::Write(error)) => panic!("{error}"),
            }
        });
        put(format!("copy of the library of {name}"), copied);
    }
    for path in
        ["spam/__init__.py", "spam/data.txt", "_ext.so", "spam-1.0.dist-info/METADATA", "absent"]
    {
        let file = archive.file(path).and_then(|file| {
            file.map_or(Ok("none".to_owned()), |file| {
                Ok(format!("{} {} {:?}", file.path(), file.len(), file.contents()?))
            })
        });
        put(format!("file {path}"), file);
    }
    for path in ["", "spam", "space", "spam-1.0.dist-info", "absent"] {
        let directory = archive.directory(path).and_then(|directory| {
            let Some(directory) = directory else { return Ok("none".to_owned()) };
            let entries = directory.entries().collect::<Result<Vec<_>, _>>()?;
            let modules = directory.modules().collect::<Result<Vec<_>, _>>()?;
            Ok(format!("{} {entries:?} {modules:?}", directory.path()))
        });
        put(format!("folder {path}"), directory);
    }
    for name in ["spam", "absent"] {
        put(
            format!("distribution {name}"),
            archive.distribution(name).map(|folder| format!("{folder:?}")),
        );
    }
    for key in ["configuration", "absent"] {
        put(format!("attribute {key}"), archive.attribute(key).map(|value| format!("{value:?}")));
    }
    answers
}

fn describe(module: &Module<'_>) -> String {
    let (name, path, kind) = (module.name(), module.path(), module.kind());
    format!(
        "{name} {path} {kind:?} {} {} {}",
        module.is_package(),
        module.has_main_guard(),
        module.extension_id()
    )
}

/// Every walk over the archive: whole and good, or good up to one error at its end.
fn walks(archive: &Archive) -> Vec<Vec<Result<String, Error>>> {
    vec![
        archive.modules().map(|module| module.map(|module| module.name().to_owned())).collect(),
        archive.files().map(|file| file.map(|file| file.path().to_owned())).collect(),
        archive
            .distributions()
            .map(|distribution| distribution.map(|(name, folder)| format!("{name} {folder}")))
            .collect(),
        archive
            .attributes()
            .map(|attribute| attribute.map(|(key, value)| format!("{key} {value:?}")))
            .collect(),
    ]
}

/// The answers of the undamaged archive.
struct Good {
    answers: BTreeMap<String, String>,
    walks: Vec<Vec<String>>,
}

impl Good {
    fn of(archive: &Archive) -> Self {
        let answers =
            answers(archive).into_iter().map(|(what, answer)| (what, answer.unwrap())).collect();
        let walks = walks(archive)
            .into_iter()
            .map(|walk| walk.into_iter().map(Result::unwrap).collect())
            .collect();
        Self { answers, walks }
    }
}

/// The number of answers that were errors; a wrong answer fails the test.
#[track_caller]
fn check(archive: &Archive, good: &Good, what: &str) -> usize {
    let mut errors = 0;
    for (question, answer) in answers(archive) {
        match (answer, good.answers.get(&question)) {
            (Ok(answer), Some(good)) => assert_eq!(answer, *good, "{what}: {question}"),
            (Ok(answer), None) => panic!("{what}: {question} was answered {answer}"),
            (Err(_), _) => errors += 1,
        }
    }
    for (walk, good) in walks(archive).into_iter().zip(&good.walks) {
        let broken = walk.iter().position(Result::is_err);
        assert!(
            broken.is_none_or(|place| place + 1 == walk.len()),
            "{what}: a walk went on after its error"
        );
        let answers: Vec<String> = walk.into_iter().filter_map(Result::ok).collect();
        match broken {
            Some(_) => assert!(good.starts_with(&answers), "{what}: {answers:?}"),
            None => assert_eq!(answers, *good, "{what}"),
        }
        errors += usize::from(broken.is_some());
    }
    errors
}

fn opened(bytes: &[u8]) -> Result<Archive, Error> {
    Archive::from_bytes(bytes.to_vec(), Path::new("damaged"))
}

fn behind_an_executable() -> Vec<u8> {
    let mut file = Cursor::new(b"\x7fELF program".to_vec());
    small().write_behind(&mut file).unwrap();
    file.into_inner()
}

#[test]
fn the_whole_archive_has_no_error() {
    for bytes in [written(small()), written(small_and_compressed()), behind_an_executable()] {
        let archive = opened(&bytes).unwrap();
        assert_eq!(check(&archive, &Good::of(&archive), "whole"), 0);
    }
}

#[test]
fn every_truncation_is_refused_when_opening() {
    for bytes in [written(small()), written(small_and_compressed()), behind_an_executable()] {
        for length in 0..bytes.len() {
            assert!(opened(&bytes[..length]).is_err(), "{length} of {}", bytes.len());
        }
    }
}

#[test]
fn every_flipped_byte_gives_an_error_or_the_good_answer() {
    for bytes in [written(small()), written(small_and_compressed()), behind_an_executable()] {
        let whole = opened(&bytes).unwrap();
        let good = Good::of(&whole);
        let first =
            usize::try_from(bytes.len() as u64 - whole.len_bytes()).unwrap().saturating_sub(64);
        let (mut refused, mut errors) = (0, 0);
        for place in 0..bytes.len() {
            // The executable and its padding are not ours; a few of their bytes stand for all.
            if place < first && place > 64 {
                continue;
            }
            for flip in [0x01, 0xff] {
                let mut damaged = bytes.clone();
                damaged[place] ^= flip;
                match opened(&damaged) {
                    Ok(archive) => {
                        errors += check(&archive, &good, &format!("byte {place} ^ {flip:#x}"));
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        // Against a test that tests nothing: the header is 104 bytes, and the rest is mostly checksummed too.
        assert!(
            refused >= 104 * 2 && errors > bytes.len() - first,
            "{refused} refused, {errors} errors"
        );
    }
}

#[test]
fn every_byte_of_every_part_is_noticed() {
    // The other way round: apart from padding, no byte can change without at least one look-up that says so.
    let bytes = written(small());
    let good = Good::of(&opened(&bytes).unwrap());
    let unnoticed: Vec<usize> = (0..bytes.len())
        .filter(|place| {
            let mut damaged = bytes.clone();
            damaged[*place] ^= 0x10;
            opened(&damaged).is_ok_and(|archive| check(&archive, &good, "") == 0)
        })
        .collect();
    let wrong: Vec<_> = unnoticed.iter().filter(|place| bytes[**place] != 0).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    insta::assert_snapshot!(format!("{} of {} bytes are padding", unnoticed.len(), bytes.len()));
}

#[test]
fn nonsense_with_right_checksums_never_panics() {
    // A checksum stops accidents before the bounds checks see them; so here the checksums are made right afterwards.
    let mut state = 1_u64;
    let mut random = move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap()
    };
    let bytes = written(small());
    let parts = Parts::of(&bytes);
    let (mut opened_fine, mut answered) = (0, 0);
    for _ in 0..2000 {
        let mut damaged = bytes.clone();
        for _ in 0..1 + random() % 4 {
            let place = 12 + random() % (damaged.len() - 12);
            damaged[place] = [0, 1, 0x7f, 0x80, 0xff, 2][random() % 6];
        }
        parts.repair_checksums(&mut damaged);
        let Ok(archive) = opened(&damaged) else { continue };
        opened_fine += 1;
        let answers = answers(&archive);
        answered += answers.values().filter(|answer| answer.is_ok()).count();
        for walk in walks(&archive) {
            let broken = walk.iter().position(Result::is_err);
            assert!(broken.is_none_or(|place| place + 1 == walk.len()));
        }
    }
    // With wrong checksums no archive would open, and the test would show nothing.
    assert!(opened_fine > 1000 && answered > opened_fine * 20, "{opened_fine} {answered}");
}

#[test]
fn a_bomb_is_refused_before_it_is_unpacked() {
    let bytes = written(small());
    let parts = Parts::of(&bytes);
    let reference = parts.compressed_reference(&bytes);
    for (raw_length, is_good) in
        [(99, true), (98, false), (100, false), (1 << 20, false), (u64::MAX, false)]
    {
        let mut bomb = bytes.clone();
        bomb[reference + 24..reference + 32].copy_from_slice(&u64::to_le_bytes(raw_length));
        parts.repair_checksums(&mut bomb);
        let archive = opened(&bomb).unwrap();
        let contents = archive.file("spam-1.0.dist-info/METADATA").unwrap().unwrap().contents();
        assert_eq!(contents.is_ok(), is_good, "{raw_length}: {contents:?}");
    }
}
