//! How fast this machine is at what a server does: hash, allocate, write a journal, talk over the loopback interface.
//!
//! A budget of CPU in milliseconds would only hold on the machine that it was recorded on, and only while nobody else
//! uses it. So the guard divides the server's CPU by that of this fixed piece of work, done in the same seconds.

use std::{
    fs::{self, File},
    hint::black_box,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread,
};

use anyhow::{Context as _, Result};

use crate::server::Folder;

/// Rounds of the work; together they take some hundredths of a second.
const ROUNDS: usize = 200;

/// Bytes that are hashed in a round.
const HASHED: usize = 32 * 1024;

/// Small allocations of a round, all alive at the same time.
const ALLOCATIONS: usize = 400;

/// Round trips over the loopback interface in a round.
const TRIPS: usize = 4;

/// CPU of the work in milliseconds, both ends of the conversation included.
pub fn cpu_ms() -> Result<f64> {
    let folder = Folder::create()?;
    let mut journal = File::create(folder.path().join("journal"))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let echo = thread::spawn(move || -> Result<u64> {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        let mut message = [0; 256];
        while stream.read_exact(&mut message).is_ok() {
            stream.write_all(&message)?;
        }
        own_ns()
    });
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let before = own_ns()?;
    let mut message = [7; 256];
    for round in 0..ROUNDS {
        let hash = hash(round);
        black_box(allocate(hash));
        message[..8].copy_from_slice(&hash.to_le_bytes());
        journal.write_all(&message)?;
        journal.sync_data()?;
        for _ in 0..TRIPS {
            stream.write_all(&message)?;
            stream.read_exact(&mut message)?;
        }
    }
    let own = own_ns()? - before;
    drop(stream);
    let other = echo.join().ok().context("the echo ended early")??;
    Ok((own + other) as f64 / 1e6)
}

/// FNV over a buffer that depends on the round, so that nothing can be left out.
fn hash(round: usize) -> u64 {
    let bytes = vec![round as u8; HASHED];
    black_box(&bytes)
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn allocate(seed: u64) -> usize {
    let texts: Vec<String> = (0..ALLOCATIONS).map(|number| format!("{seed:x}/{number}")).collect();
    black_box(&texts).iter().map(String::len).sum()
}

/// Time that this thread has run for.
fn own_ns() -> Result<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("needs /proc, that is Linux")?;
    text.split(' ').next().unwrap_or_default().parse().context("parse schedstat")
}
