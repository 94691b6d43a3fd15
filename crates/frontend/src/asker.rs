//! Who asks: what a request's headers say about the client and about how long it waits.

use longhaul_kernel::namespace::Namespace;
use longhaul_proto::Refusal;
use longhaul_runtime::{Clock, peers::Caller};
use tonic::metadata::MetadataMap;

use crate::cluster::COMPATIBLE_VERSION;

mod server_range;

/// Shortest time that a long poll may have left.
const LONG_POLL_NANOS_MIN: i64 = 2_000_000_000;

/// What a client says that looks for the next run of a chain in every close event.
const FOLLOWS_NEXT_RUN: &str = "follows-next-run-id";

/// Clients whose version is checked, with the major version they must stay below.
pub(crate) const SUPPORTED_CLIENTS: [(&str, u64); 8] = [
    ("Nexus-go-sdk", 2),
    ("temporal-cli", 2),
    ("temporal-go", 2),
    ("temporal-java", 2),
    ("temporal-php", 2),
    ("temporal-server", 2),
    ("temporal-typescript", 2),
    ("temporal-ui", 3),
];

/// The client behind one request.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// When it stops listening, in nanoseconds since the epoch.
    pub deadline: Option<i64>,
    /// When the request came in, in nanoseconds since the epoch.
    pub now: i64,
    /// Name of its SDK, or empty.
    pub client_name: String,
    /// Version of its SDK, or empty.
    pub client_version: String,
    /// Versions of servers it says it works with, as a range, or empty.
    pub supported_server_versions: String,
    /// Whether it looks for the next run of a chain in every close event; otherwise only continue-as-new tells it.
    pub follows_next_run: bool,
}

impl Asker {
    /// Reads the headers of a request.
    pub(crate) fn new(headers: &MetadataMap, clock: &Clock) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let now = clock.now();
        Self {
            deadline: timeout_nanos(text("grpc-timeout")).map(|timeout| now.saturating_add(timeout)),
            now,
            client_name: text("client-name").into(),
            client_version: text("client-version").into(),
            supported_server_versions: text("supported-server-versions").into(),
            follows_next_run: text("supported-features")
                .split(',')
                .any(|feature| feature.trim() == FOLLOWS_NEXT_RUN),
        }
    }

    /// The caller of a peer on behalf of `namespace`.
    pub(crate) fn caller(&self, namespace: &Namespace) -> Caller {
        Caller {
            namespace_id: *namespace.id.as_bytes(),
            namespace: namespace.name.clone(),
            deadline: self.deadline,
            client_name: self.client_name.clone(),
            client_version: self.client_version.clone(),
        }
    }

    /// Refuses a client that does not fit this server, by its own version or by what it says of servers.
    pub(crate) fn check_version(&self) -> Result<(), Refusal> {
        self.check_client_version()?;
        let wanted = &self.supported_server_versions;
        if wanted.is_empty() || server_range::contains(wanted, COMPATIBLE_VERSION)? {
            return Ok(());
        }
        Err(Refusal::ServerVersionNotSupported {
            server_version: COMPATIBLE_VERSION.into(),
            client_supported_server_versions: wanted.clone(),
        })
    }

    /// Refuses a client whose major version came after this server.
    fn check_client_version(&self) -> Result<(), Refusal> {
        let known = SUPPORTED_CLIENTS.iter().find(|(name, _)| *name == self.client_name);
        let Some((_, below)) = known.filter(|_| !self.client_version.is_empty()) else {
            return Ok(());
        };
        match is_below(&self.client_version, *below) {
            Some(true) => Ok(()),
            Some(false) => Err(Refusal::ClientVersionNotSupported {
                client_version: self.client_version.clone(),
                client_name: self.client_name.clone(),
                supported_versions: format!("<{below}.0.0"),
            }),
            None => {
                Err(Refusal::invalid("Unable to parse client version: No Major.Minor.Patch elements found"))
            }
        }
    }

    /// Refuses a long poll that says nothing about how long it waits, or that could not wait at all.
    pub(crate) fn check_long_poll(&self) -> Result<(), Refusal> {
        match self.deadline {
            None => Err(Refusal::invalid("Context timeout is not set.")),
            Some(deadline) if deadline - self.now < LONG_POLL_NANOS_MIN => {
                Err(Refusal::FailedPrecondition("Context timeout is too short.".into()))
            }
            Some(_) => Ok(()),
        }
    }
}

/// Whether a semantic version is below a major one; what comes before a release is.
fn is_below(version: &str, major: u64) -> Option<bool> {
    let mut parts = version.splitn(3, '.');
    let own: u64 = parts.next()?.parse().ok()?;
    let (minor, patch) = (parts.next()?, parts.next()?);
    Some(own < major || (own == major && minor == "0" && patch.starts_with("0-")))
}

/// Length of a `grpc-timeout` header: at most eight digits and a unit.
pub(crate) fn timeout_nanos(header: &str) -> Option<i64> {
    let unit = header.chars().next_back()?;
    let digits = &header[..header.len() - unit.len_utf8()];
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = match unit {
        'H' => 3_600_000_000_000,
        'M' => 60_000_000_000,
        'S' => 1_000_000_000,
        'm' => 1_000_000,
        'u' => 1_000,
        'n' => 1,
        _ => return None,
    };
    Some(digits.parse::<i64>().ok()?.saturating_mul(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_with_their_unit() {
        let cases = [
            ("5S", Some(5_000_000_000)),
            ("100m", Some(100_000_000)),
            ("99999999H", Some(i64::MAX)),
            ("7n", Some(7)),
            ("", None),
            ("S", None),
            ("-1S", None),
            ("123456789S", None),
            ("5x", None),
        ];
        for (header, expected) in cases {
            assert_eq!(timeout_nanos(header), expected, "{header}");
        }
    }

    #[test]
    fn clients_of_a_later_major_version_are_refused() {
        let asker = |name: &str, version: &str| Asker {
            deadline: None,
            now: 0,
            client_name: name.into(),
            client_version: version.into(),
            supported_server_versions: String::new(),
            follows_next_run: false,
        };
        assert!(asker("temporal-go", "1.40.0").check_version().is_ok());
        assert!(asker("temporal-go", "2.0.0").check_version().is_err());
        assert!(asker("temporal-go", "2.0.0-rc.1").check_version().is_ok());
        assert!(asker("temporal-go", "2.0.1-rc.1").check_version().is_err());
        assert!(asker("temporal-ui", "2.9.9").check_version().is_ok());
        assert!(asker("temporal-python", "9.0.0").check_version().is_ok());
        assert!(asker("temporal-go", "").check_version().is_ok());
        assert!(asker("temporal-go", "x").check_version().is_err());
        let wants = |range: &str| Asker { supported_server_versions: range.into(), ..asker("", "") };
        assert!(wants(">=1.0.0 <2.0.0").check_version().is_ok());
        assert!(wants(">=99.0.0").check_version().is_err());
    }
}
