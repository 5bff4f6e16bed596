//! The policy as data: whole tables, compared with snapshots that read like the specification.

mod pythons;
mod table;
mod triples;
mod words;
