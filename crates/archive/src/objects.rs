//! The archive over object stores: one for each address, opened when it is first used.
//!
//! `file:///FOLDER` is a folder on this machine, `s3://BUCKET/PREFIX` a bucket. Credentials for S3 come from the
//! environment, as every tool for S3 reads them (`AWS_ACCESS_KEY_ID` and so on). A write returns when the object is
//! durable: a file and its folder are synced. What fails is tried twice more within seconds; longer waits are the
//! caller's.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use longhaul_store::{Archive, ArchiveError, Listing};
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use parking_lot::Mutex;

/// Addresses whose store is kept open; namespaces rarely have one of their own.
const OPEN_MAX: usize = 1000;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(30);

/// How an S3-compatible store is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3 {
    /// Region; without one that of the environment, or `us-east-1`.
    pub region: Option<String>,
    /// Address of the store, if it is not Amazon's. One that begins with `http://` is taken at its word.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path and not in the name of the host.
    pub path_style: bool,
    /// Key and secret, if not those of the environment.
    pub credentials: Option<Credentials>,
}

/// A key and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The key.
    pub key: String,
    /// The secret, which is never shown.
    pub secret: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Keeps objects in folders and buckets.
pub struct ObjectArchive {
    s3: S3,
    open: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>>,
}

impl ObjectArchive {
    /// An archive that has opened nothing.
    pub fn new(s3: S3) -> Self {
        Self { s3, open: Mutex::default() }
    }

    /// The store of an address.
    fn store(&self, address: &str) -> Result<Arc<dyn ObjectStore>, ArchiveError> {
        if let Some(store) = self.open.lock().get(address) {
            return Ok(store.clone());
        }
        let store = self.open(address)?;
        let mut open = self.open.lock();
        if open.len() >= OPEN_MAX {
            open.clear();
        }
        open.insert(address.into(), store.clone());
        Ok(store)
    }

    fn open(&self, address: &str) -> Result<Arc<dyn ObjectStore>, ArchiveError> {
        let bad = |why: String| ArchiveError::Address(format!("{address}: {why}"));
        match address.split_once("://") {
            Some(("file", folder)) => {
                std::fs::create_dir_all(folder).map_err(|error| ArchiveError::Away(error.to_string()))?;
                let store =
                    LocalFileSystem::new_with_prefix(folder).map_err(|error| bad(error.to_string()))?;
                Ok(Arc::new(store.with_fsync(true)))
            }
            Some(("s3", place)) => {
                let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
                let store = self.bucket(bucket).map_err(|error| bad(error.to_string()))?;
                Ok(Arc::new(PrefixStore::new(store, prefix)))
            }
            _ => Err(bad("it begins with neither file:// nor s3://".into())),
        }
    }

    fn bucket(&self, name: &str) -> object_store::Result<impl ObjectStore + use<>> {
        // Two places of a process may want it; whoever comes second is told so, and has it all the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let retry = RetryConfig { max_retries: 2, retry_timeout: REQUEST, ..RetryConfig::default() };
        let is_plain = self.s3.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let options = ClientOptions::new().with_timeout(REQUEST).with_allow_http(is_plain);
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(name)
            .with_virtual_hosted_style_request(!self.s3.path_style)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(region) = &self.s3.region {
            builder = builder.with_region(region);
        }
        if let Some(endpoint) = &self.s3.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(Credentials { key, secret }) = &self.s3.credentials {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret);
        }
        builder.build()
    }
}

/// What is wrong may pass: a full disk, a key that is not valid yet, a bucket that is being made.
fn away(error: Error) -> ArchiveError {
    ArchiveError::Away(error.to_string())
}

impl Archive for ObjectArchive {
    fn put(&self, address: &str, name: &str, body: Bytes) -> BoxFuture<'_, Result<(), ArchiveError>> {
        let (store, path) = (self.store(address), Path::from(name));
        async move { store?.put(&path, body.into()).await.map(drop).map_err(away) }.boxed()
    }

    fn get(&self, address: &str, name: &str) -> BoxFuture<'_, Result<Option<Bytes>, ArchiveError>> {
        let (store, path) = (self.store(address), Path::from(name));
        async move {
            match store?.get(&path).await {
                Ok(found) => found.bytes().await.map(Some).map_err(away),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(away(error)),
            }
        }
        .boxed()
    }

    fn list(&self, address: &str, folder: &str) -> BoxFuture<'_, Result<Listing, ArchiveError>> {
        let (store, path) = (self.store(address), Path::from(folder));
        async move {
            let found = store?.list_with_delimiter(Some(&path)).await.map_err(away)?;
            let last = |path: &Path| path.filename().unwrap_or_default().to_owned();
            let mut folders: Vec<String> = found.common_prefixes.iter().map(last).collect();
            let mut objects: Vec<String> =
                found.objects.iter().map(|object| last(&object.location)).collect();
            folders.sort_unstable();
            objects.sort_unstable();
            Ok(Listing { folders, objects })
        }
        .boxed()
    }
}
