//! The memory store keeps the contract.

use std::sync::Arc;

use super::MemoryStore;
use crate::conformance;

#[test]
fn it_conforms() {
    conformance::run_all(|| Arc::new(MemoryStore::new()));
}
