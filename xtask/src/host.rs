//! Where things are on this machine: the workspace, built programs, the user's cache, a program on the path.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lives one level below the root")
}

/// Folder that cargo builds into.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A built program of ours.
pub fn program(profile: Profile, name: &str) -> PathBuf {
    target().join(profile.folder()).join(name)
}

/// How a program was built.
#[derive(Clone, Copy)]
pub enum Profile {
    /// Quick to build.
    Dev,
    /// What users run.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Folder for suites that are fetched and built once per user.
pub fn suite_cache() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    cache.unwrap_or_else(|| home().join(".cache")).join("longhaul-suites")
}

/// Folder that cargo keeps its registry in.
pub fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from)
}

fn home() -> PathBuf {
    env::var_os("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// First program of this name on the path.
pub fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Whether a CI machine runs us, which must leave the tree as it found it.
pub fn is_ci() -> bool {
    env::var_os("CI").is_some()
}
