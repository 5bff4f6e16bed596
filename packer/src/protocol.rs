//! The frames between the builder and its compile processes (`python/compile_worker.py` is the other end).

use std::io::{self, Read, Write};

use interp_config::OptimizationLevel;

use super::MainGuardQuestion;

/// A compile process's first message, about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Introduction {
    pub(super) version: (u8, u8),
    pub(super) bytecode_magic: u32,
}

/// Facts about a module besides its code, a bit each; `python/compile_worker.py` has the same names.
const HAS_MAIN_GUARD: u8 = 1;

/// A compile process's answer for one module.
#[derive(Debug)]
pub(super) enum Reply {
    Compiled {
        main_guard: bool,
        /// The line that sets the start method of `multiprocessing`, if one does.
        sets_start_method: Option<u32>,
        code: Vec<u8>,
        /// The answer before the code, as it came.
        head: Vec<u8>,
    },
    Broken {
        line: Option<u32>,
        message: String,
        text: String,
    },
}

/// The number of an optimisation level, as Python counts.
pub(super) fn level_number(level: OptimizationLevel) -> u8 {
    match level {
        OptimizationLevel::Zero => 0,
        OptimizationLevel::One => 1,
        OptimizationLevel::Two => 2,
    }
}

pub(super) fn write_request(
    out: &mut impl Write,
    file: &str,
    source: &[u8],
    level: OptimizationLevel,
    guard: MainGuardQuestion,
) -> io::Result<()> {
    let name_length = u16::try_from(file.len()).map_err(|_| too_long("a path in the archive"))?;
    let length =
        u32::try_from(4 + file.len() + source.len()).map_err(|_| too_long("a source file"))?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&[level_number(level), u8::from(guard == MainGuardQuestion::Asked)])?;
    out.write_all(&name_length.to_le_bytes())?;
    out.write_all(file.as_bytes())?;
    out.write_all(source)?;
    out.flush()
}

pub(super) fn read_frame(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let length = u64::from(u32::from_le_bytes(head));
    // Grows as bytes arrive: a nonsensical length must not reserve gigabytes.
    let mut body = Vec::new();
    stream.by_ref().take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length { Ok(body) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

pub(super) fn parse_introduction(body: &[u8]) -> Option<Introduction> {
    let &[major, minor, magic_low, magic_high, _marshal_version] = body else { return None };
    Some(Introduction {
        version: (major, minor),
        bytecode_magic: u32::from(u16::from_le_bytes([magic_low, magic_high])),
    })
}

pub(super) fn parse_reply(mut body: Vec<u8>) -> Option<Reply> {
    match *body.first()? {
        0 => {
            let facts = *body.get(1)?;
            let length = u32::from_le_bytes(body.get(2..6)?.try_into().ok()?);
            let end = usize::try_from(length).ok()?.checked_add(6)?;
            let sets_start_method = parse_lines(body.get(6..end)?)?;
            let head: Vec<u8> = body.drain(..end).collect();
            Some(Reply::Compiled {
                main_guard: facts & HAS_MAIN_GUARD != 0,
                sets_start_method,
                code: body,
                head,
            })
        }
        1 => {
            let line = u32::from_le_bytes(body.get(1..5)?.try_into().ok()?);
            let length = usize::from(u16::from_le_bytes(body.get(5..7)?.try_into().ok()?));
            let (message, text) = body.get(7..)?.split_at_checked(length)?;
            Some(Reply::Broken {
                line: (line > 0).then_some(line),
                message: String::from_utf8_lossy(message).into_owned(),
                text: String::from_utf8_lossy(text).into_owned(),
            })
        }
        _unknown => None,
    }
}

/// Lines of a name with a mark, a tab, and a number; the number of the one that sets a start method. (Kept answers of older versions
/// have others too.)
fn parse_lines(lines: &[u8]) -> Option<Option<u32>> {
    for line in str::from_utf8(lines).ok()?.lines() {
        let (name, number) = line.split_once('\t')?;
        let number = number.parse().ok()?;
        if name.starts_with('!') {
            return Some(Some(number));
        }
    }
    Some(None)
}

fn too_long(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{what} is too long"))
}
