//! What an archive promises, of a folder and of an S3-compatible store: a small one, written for this test, that
//! answers on the loopback interface.

mod bucket;

use bytes::Bytes;
use longhaul_archive::{Credentials, ObjectArchive, S3};
use longhaul_store::{Archive, ArchiveError, Listing, MemoryArchive};

use bucket::Bucket;

async fn put(archive: &dyn Archive, address: &str, name: &str, body: &'static [u8]) {
    archive.put(address, name, Bytes::from_static(body)).await.expect("it is written");
}

/// Every archive keeps these.
async fn check(archive: &dyn Archive, address: &str, other: &str) {
    let empty = archive.list(address, "ns/rows").await.expect("what is not there is empty");
    assert_eq!(empty, Listing::default());
    assert_eq!(archive.get(address, "ns/rows/1/2/a").await, Ok(None));
    for name in ["ns/rows/1/2/b", "ns/rows/1/2/a", "ns/rows/1/3/c", "ns/rows/2/1/d", "ns/rowsandmore/x"] {
        put(archive, address, name, b"first").await;
    }
    put(archive, address, "ns/rows/1/2/a", b"second").await;
    assert_eq!(archive.get(address, "ns/rows/1/2/a").await, Ok(Some(Bytes::from_static(b"second"))));
    assert_eq!(archive.get(other, "ns/rows/1/2/a").await, Ok(None), "addresses are kept apart");
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let listed = async |folder: &str| archive.list(address, folder).await.expect("it is listed");
    assert_eq!(listed("ns/rows").await, Listing { folders: names(&["1", "2"]), objects: names(&[]) });
    assert_eq!(listed("ns/rows/1").await, Listing { folders: names(&["2", "3"]), objects: names(&[]) });
    assert_eq!(listed("ns/rows/1/2").await, Listing { folders: names(&[]), objects: names(&["a", "b"]) });
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    archive.put(address, "ns/large", large.clone().into()).await.expect("it is written");
    assert_eq!(archive.get(address, "ns/large").await, Ok(Some(large.into())));
}

#[tokio::test]
async fn memory() {
    check(&MemoryArchive::default(), "file:///a", "file:///b").await;
}

#[tokio::test]
async fn folders() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = |name: &str| format!("file://{}", folder.path().join(name).display());
    let archive = ObjectArchive::new(S3::default());
    check(&archive, &address("deep/er"), &address("other")).await;
    let again = ObjectArchive::new(S3::default());
    let read = again.get(&address("deep/er"), "ns/rows/2/1/d").await;
    assert_eq!(read, Ok(Some(Bytes::from_static(b"first"))), "another process finds it");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("a file");
    let archive = ObjectArchive::new(S3::default());
    let address = format!("file://{}/sub", file.display());
    let refused = archive.put(&address, "name", Bytes::new()).await;
    assert!(matches!(refused, Err(ArchiveError::Away(_))), "{refused:?}");
    std::fs::remove_file(&file).expect("it goes");
    put(&archive, &address, "name", b"there is room again").await;
    let unknown = archive.put("ftp://x", "name", Bytes::new()).await;
    assert!(matches!(unknown, Err(ArchiveError::Address(_))), "{unknown:?}");
}

fn s3(bucket: &Bucket) -> ObjectArchive {
    ObjectArchive::new(S3 {
        region: Some("here".into()),
        endpoint: Some(format!("http://{}", bucket.address)),
        path_style: true,
        credentials: Some(Credentials { key: "key".into(), secret: "secret".into() }),
    })
}

#[tokio::test]
async fn buckets() {
    let bucket = Bucket::start().await;
    let archive = s3(&bucket);
    check(&archive, "s3://bucket/some/prefix", "s3://bucket/some/other").await;
    check(&archive, "s3://another", "s3://third").await;
    assert!(bucket.is_signed(), "every request carries a signature");
}

#[tokio::test]
async fn a_store_that_fails_is_tried_again_and_then_away() {
    let bucket = Bucket::start().await;
    let archive = s3(&bucket);
    bucket.fail(1);
    put(&archive, "s3://bucket", "name", b"at the second try").await;
    bucket.fail(100);
    let away = archive.get("s3://bucket", "name").await;
    assert!(matches!(away, Err(ArchiveError::Away(_))), "{away:?}");
    bucket.fail(0);
    assert_eq!(archive.get("s3://bucket", "name").await, Ok(Some(Bytes::from_static(b"at the second try"))));
}
