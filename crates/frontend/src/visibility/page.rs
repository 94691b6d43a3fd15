//! Pages of a list: how many rows, and the token that says where the next one begins.

use bytes::Bytes;
use longhaul_kernel::{ids::RunId, time::Timestamp, visibility::Row};
use longhaul_proto::Refusal;
use longhaul_store::ListCursor;
use prost::Message;

/// The sort key of the last row seen. Opaque to clients.
#[derive(Clone, PartialEq, Message)]
struct Token {
    /// Close time in nanoseconds since the epoch, if that row is closed.
    #[prost(int64, optional, tag = "1")]
    close_time: Option<i64>,
    /// Start time in nanoseconds since the epoch.
    #[prost(int64, tag = "2")]
    start_time: i64,
    /// The run, sixteen bytes.
    #[prost(bytes = "bytes", tag = "3")]
    run: Bytes,
}

/// How many rows to read for a wanted page size: never more than `rows_max`, which is also meant by no size.
pub(crate) fn size(wanted: i32, rows_max: usize) -> usize {
    match usize::try_from(wanted) {
        Ok(0) | Err(_) => rows_max,
        Ok(wanted) => wanted.min(rows_max),
    }
}

/// Where the page behind `row` begins.
pub(crate) fn token(row: &Row) -> Bytes {
    let token = Token {
        close_time: row.close_time.map(|time| time.0),
        start_time: row.start_time.0,
        run: Bytes::copy_from_slice(row.run.run.as_bytes()),
    };
    token.encode_to_vec().into()
}

/// Reads a token; an empty one means the first page.
pub(crate) fn cursor(token: &[u8]) -> Result<Option<ListCursor>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let invalid = || Refusal::invalid("Invalid NextPageToken.");
    let token = Token::decode(token).map_err(|_| invalid())?;
    let run: [u8; 16] = token.run.as_ref().try_into().map_err(|_| invalid())?;
    Ok(Some(ListCursor {
        close_time: token.close_time.map(Timestamp),
        start_time: Timestamp(token.start_time),
        run: RunId::from_bytes(run),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_the_row_it_was_made_of() {
        let run = RunId::from_bytes([7; 16]);
        let token =
            Token { close_time: Some(-3), start_time: 5, run: Bytes::copy_from_slice(run.as_bytes()) };
        let cursor = cursor(&token.encode_to_vec()).expect("it was just made");
        let expected = ListCursor { close_time: Some(Timestamp(-3)), start_time: Timestamp(5), run };
        assert_eq!(cursor, Some(expected));
    }

    #[test]
    fn garbage_is_no_token() {
        for garbage in [&b"zz"[..], b"\xff\xff\xff", b"\x10\x01"] {
            assert!(cursor(garbage).is_err(), "{garbage:?}");
        }
        assert_eq!(cursor(b"").expect("it means the first page"), None);
    }

    #[test]
    fn pages_are_capped() {
        let cases = [(0, 1000), (-5, 1000), (10, 10), (1000, 1000), (1001, 1000)];
        for (wanted, expected) in cases {
            assert_eq!(size(wanted, 1000), expected, "{wanted}");
        }
    }
}
