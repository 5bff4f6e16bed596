//! Python literals in the command lines of worker processes: read as data, never run as code.

/// A value that can be written as a Python literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `None`.
    None,
    /// `True` or `False`.
    Boolean(bool),
    /// An integer of at most 64 bits: descriptors, handles and process ids are no larger.
    Integer(i64),
    /// A `str`, as UTF-8 in which the surrogates of undecodable file names (`'\udc80'`) stand encoded like any other
    /// code point. Hence bytes: Rust's strings cannot hold them.
    Text(Vec<u8>),
    /// A `bytes`.
    Bytes(Vec<u8>),
    /// A `list`.
    List(Vec<Self>),
    /// A `tuple`.
    Tuple(Vec<Self>),
    /// A `dict`.
    Dict(Vec<(Self, Self)>),
    /// The one expression that CPython writes among literals (`multiprocessing/forkserver.py`, 3.13.13,
    /// 3.14.4 and 3.15): `sys.argv[1:]`, the arguments that follow on the command line.
    RemainingArguments,
}

/// The arguments of a call, all literals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The positional ones.
    pub positional: Vec<Literal>,
    /// The keyword arguments, `**{…}` included.
    pub keywords: Vec<(String, Literal)>,
}

/// Reads `(…)` as the arguments of a call; `None` when anything but literals stands in it, or after it.
pub fn parse_arguments(text: &str) -> Option<Arguments> {
    let mut reader = Reader { rest: text, depth: 0 };
    let arguments = reader.arguments()?;
    reader.skip_space();
    reader.rest.is_empty().then_some(arguments)
}

/// The most levels of nested literals: CPython's own stay at three.
const MAX_DEPTH: usize = 32;

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn arguments(&mut self) -> Option<Arguments> {
        let mut arguments = Arguments::default();
        self.expect("(")?;
        while !self.take(")") {
            if self.take("**") {
                let Literal::Dict(pairs) = self.value()? else { return None };
                for (key, value) in pairs {
                    let Literal::Text(key) = key else { return None };
                    arguments.keywords.push((String::from_utf8(key).ok()?, value));
                }
            } else if let Some(name) = self.keyword_name() {
                arguments.keywords.push((name, self.value()?));
            } else {
                // After a keyword, Python's grammar allows no positional argument.
                if !arguments.keywords.is_empty() {
                    return None;
                }
                arguments.positional.push(self.value()?);
            }
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        Some(arguments)
    }

    /// `name=`, when that is what comes next.
    fn keyword_name(&mut self) -> Option<String> {
        self.skip_space();
        let end =
            self.rest.find(|character: char| !(character.is_alphanumeric() || character == '_'))?;
        let (name, after) = self.rest.split_at(end);
        let after = after.trim_start_matches(' ').strip_prefix('=')?;
        if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let name = name.to_owned();
        self.rest = after;
        Some(name)
    }

    fn value(&mut self) -> Option<Literal> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.skip_space();
        let value = if self.take("None") {
            Literal::None
        } else if self.take("True") {
            Literal::Boolean(true)
        } else if self.take("False") {
            Literal::Boolean(false)
        } else if self.take("sys.argv[1:]") {
            Literal::RemainingArguments
        } else if self.take("[") {
            Literal::List(self.items("]")?.0)
        } else if self.take("(") {
            match self.items(")")? {
                (mut items, 0) if items.len() == 1 => items.pop()?,
                (items, _) => Literal::Tuple(items),
            }
        } else if self.take("{") {
            Literal::Dict(self.pairs()?)
        } else if self.rest.starts_with(['\'', '"']) {
            Literal::Text(self.string(Kind::Text)?)
        } else if self.rest.starts_with("b'") || self.rest.starts_with("b\"") {
            self.rest = self.rest.get(1..)?;
            Literal::Bytes(self.string(Kind::Bytes)?)
        } else {
            self.integer()?
        };
        self.depth -= 1;
        Some(value)
    }

    /// The items up to the closing bracket, and how many commas stood between and after them.
    fn items(&mut self, close: &str) -> Option<(Vec<Literal>, usize)> {
        let (mut items, mut commas) = (Vec::new(), 0);
        while !self.take(close) {
            items.push(self.value()?);
            if self.take(",") {
                commas += 1;
            } else {
                self.expect(close)?;
                break;
            }
        }
        Some((items, commas))
    }

    fn pairs(&mut self) -> Option<Vec<(Literal, Literal)>> {
        let mut pairs = Vec::new();
        while !self.take("}") {
            let key = self.value()?;
            self.expect(":")?;
            pairs.push((key, self.value()?));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Some(pairs)
    }

    fn integer(&mut self) -> Option<Literal> {
        let digits = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let count =
            digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
        let end = self.rest.len() - digits.len() + count;
        let (number, rest) = self.rest.split_at(end);
        let number = number.parse().ok()?;
        // `1.5`, `1j` or `0x1` are numbers, but none that a worker is given.
        if rest.starts_with(|next: char| next.is_alphanumeric() || next == '.' || next == '_') {
            return None;
        }
        self.rest = rest;
        Some(Literal::Integer(number))
    }

    /// A quoted string with the escapes that `repr` writes.
    fn string(&mut self, kind: Kind) -> Option<Vec<u8>> {
        let mut characters = self.rest.chars();
        let quote = characters.next()?;
        let mut value = Vec::new();
        loop {
            match characters.next()? {
                '\n' => return None,
                character if character == quote => break,
                '\\' => match characters.next()? {
                    'n' => value.push(b'\n'),
                    'r' => value.push(b'\r'),
                    't' => value.push(b'\t'),
                    plain @ ('\\' | '\'' | '"') => value.push(plain as u8),
                    'x' => kind.push(&mut value, hexadecimal(&mut characters, 2)?)?,
                    'u' if kind == Kind::Text => {
                        kind.push(&mut value, hexadecimal(&mut characters, 4)?)?;
                    }
                    'U' if kind == Kind::Text => {
                        kind.push(&mut value, hexadecimal(&mut characters, 8)?)?;
                    }
                    _ => return None,
                },
                character => kind.push(&mut value, character.into())?,
            }
        }
        self.rest = characters.as_str();
        Some(value)
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Takes the token when it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.take(token).then_some(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bytes,
}

impl Kind {
    /// Appends a code point: as UTF-8 to a text, a surrogate encoded like any other; as itself to bytes.
    fn push(self, value: &mut Vec<u8>, code_point: u32) -> Option<()> {
        match self {
            Self::Bytes => value.push(u8::try_from(code_point).ok()?),
            Self::Text => match char::from_u32(code_point) {
                Some(character) => {
                    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                None if code_point <= 0xffff => value.extend_from_slice(&[
                    0xe0 | (code_point >> 12) as u8,
                    0x80 | (code_point >> 6 & 0x3f) as u8,
                    0x80 | (code_point & 0x3f) as u8,
                ]),
                None => return None,
            },
        }
        Some(())
    }
}

fn hexadecimal(characters: &mut std::str::Chars<'_>, digits: usize) -> Option<u32> {
    let mut value = 0;
    for _ in 0..digits {
        value = value * 16 + characters.next()?.to_digit(16)?;
    }
    Some(value)
}
