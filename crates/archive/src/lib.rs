//! The archive: closed runs in folders and S3-compatible stores. The crate `object_store` and what it brings live here
//! alone.

mod objects;

pub use objects::{Credentials, ObjectArchive, S3};
