//! The test server: what SDKs start in place of the one that they would download.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    longhaul_server::run_test_server()
}
