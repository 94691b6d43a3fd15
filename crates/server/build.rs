//! Has the linker fold functions whose code is the same, which makes the program about a tenth smaller.
// A build script reads what cargo tells it by the environment.
#![allow(clippy::disallowed_methods)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    // There the toolchain brings a linker that can.
    if is("PROFILE", "release")
        && is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
    {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
