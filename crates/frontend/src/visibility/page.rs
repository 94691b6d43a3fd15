//! Pages of a list: how many rows, and the token that says where the next one begins.

use bytes::Bytes;
use longhaul_kernel::{
    codec,
    ids::RunId,
    time::Timestamp,
    visibility::{Query, Row, Value},
};
use longhaul_proto::Refusal;
use longhaul_store::{ListCursor, SortKey};
use prost::Message;

/// The place of the last row seen. Opaque to clients.
///
/// It is a place and no number of rows: what starts or closes in between moves nothing. A token of one order is none
/// of another; that of one filter serves another, as it does on the reference.
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
    /// The order it is a place of; zero for the default order.
    #[prost(fixed64, tag = "4")]
    order: u64,
    /// What that order goes by, encoded values.
    #[prost(bytes = "bytes", tag = "5")]
    ordered_by: Bytes,
}

/// How many rows to read for a wanted page size: never more than `rows_max`, which is also meant by no size.
pub(crate) fn size(wanted: i32, rows_max: usize) -> usize {
    match usize::try_from(wanted) {
        Ok(0) | Err(_) => rows_max,
        Ok(wanted) => wanted.min(rows_max),
    }
}

/// Where the page behind `row` begins.
pub(crate) fn token(row: &Row, query: &Query) -> Bytes {
    let ListCursor { ordered_by, sort } = ListCursor::of(query, row);
    let token = Token {
        close_time: sort.close_time.map(|time| time.0),
        start_time: sort.start_time.0,
        run: Bytes::copy_from_slice(sort.run.as_bytes()),
        order: order(query),
        ordered_by: if ordered_by.is_empty() { Bytes::new() } else { codec::encode(&ordered_by).into() },
    };
    token.encode_to_vec().into()
}

/// Reads a token; an empty one means the first page.
pub(crate) fn cursor(token: &[u8], query: &Query) -> Result<Option<ListCursor>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    read(token, query).map(Some).ok_or_else(|| Refusal::invalid("Invalid NextPageToken."))
}

fn read(token: &[u8], query: &Query) -> Option<ListCursor> {
    let token = Token::decode(token).ok()?;
    let run = token.run.as_ref().try_into().ok()?;
    let ordered_by: Vec<Option<Value>> =
        if token.ordered_by.is_empty() { Vec::new() } else { codec::decode(&token.ordered_by).ok()? };
    if token.order != order(query) || ordered_by.len() != query.order().len() {
        return None;
    }
    let sort = SortKey {
        close_time: token.close_time.map(Timestamp),
        start_time: Timestamp(token.start_time),
        run: RunId::from_bytes(run),
    };
    Some(ListCursor { ordered_by, sort })
}

/// A number that stands for the order of a query (FNV-1a); zero for the default order.
fn order(query: &Query) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    query.order().iter().fold(0, |hash, key| {
        let sign = [0, u8::from(key.descending) + 1];
        key.attribute.name.bytes().chain(sign).fold(hash ^ 0xcbf2_9ce4_8422_2325, step)
    })
}

#[cfg(test)]
mod tests {
    use longhaul_kernel::{
        ids::{ExecutionKey, NamespaceId, RunKey},
        visibility::{Attributes, ValueType},
    };

    use super::*;

    fn query(text: &str) -> Query {
        let attributes = Attributes::system().with_custom("Amount", ValueType::Int);
        Query::parse(text, &attributes).expect("the query is valid")
    }

    fn row() -> Row {
        Row {
            run: RunKey {
                execution: ExecutionKey::workflow(NamespaceId::default(), "w"),
                run: RunId::from_bytes([7; 16]),
            },
            start_time: Timestamp(5),
            close_time: Some(Timestamp(-3)),
            attributes: [("Amount".into(), Value::Int(9))].into(),
            info: Bytes::new(),
        }
    }

    #[test]
    fn a_token_names_the_row_it_was_made_of() {
        for text in ["", "order by Amount", "order by Amount desc, WorkflowId, TaskQueue"] {
            let query = query(text);
            let cursor = cursor(&token(&row(), &query), &query).expect("it was just made");
            assert_eq!(cursor, Some(ListCursor::of(&query, &row())), "{text}");
        }
    }

    #[test]
    fn a_token_of_one_order_is_none_of_another() {
        let orders = ["", "order by Amount", "order by Amount desc", "order by Amount, WorkflowId"];
        for (mine, made) in orders.iter().enumerate() {
            let token = token(&row(), &query(made));
            for (theirs, read) in orders.iter().enumerate() {
                assert_eq!(cursor(&token, &query(read)).is_ok(), mine == theirs, "{made} as {read}");
            }
        }
        assert!(cursor(&token(&row(), &query("Amount = 5")), &query("Amount = 6")).is_ok());
    }

    #[test]
    fn garbage_is_no_token() {
        for garbage in [&b"zz"[..], b"\xff\xff\xff", b"\x10\x01"] {
            assert!(cursor(garbage, &query("")).is_err(), "{garbage:?}");
        }
        assert_eq!(cursor(b"", &query("")).expect("it means the first page"), None);
    }

    #[test]
    fn pages_are_capped() {
        let cases = [(0, 1000), (-5, 1000), (10, 10), (1000, 1000), (1001, 1000)];
        for (wanted, expected) in cases {
            assert_eq!(size(wanted, 1000), expected, "{wanted}");
        }
    }
}
