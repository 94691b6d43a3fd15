//! Why a server could not be asked, in the words that users of the reference know.

use std::{error::Error, io, net::IpAddr};

use http::Uri;
use rustls::{CertificateError, InvalidMessage};

/// Why there is no answer from the server at an address.
pub(super) fn of(error: &(dyn Error + 'static), url: &Uri) -> String {
    let causes = chain(error);
    if let Some(error) = causes.iter().find_map(|each| each.downcast_ref::<rustls::Error>()) {
        return of_tls(error, host(url));
    }
    let kinds = causes.iter().filter_map(|each| each.downcast_ref::<io::Error>()).map(io::Error::kind);
    for kind in kinds {
        match kind {
            io::ErrorKind::ConnectionRefused => {
                return format!("dial tcp {}: connect: connection refused", authority(url));
            }
            io::ErrorKind::ConnectionReset => {
                return format!("read tcp {}: read: connection reset by peer", authority(url));
            }
            io::ErrorKind::UnexpectedEof => return "EOF".into(),
            _ => {}
        }
    }
    let broke_off = |each: &&(dyn Error + 'static)| {
        each.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message)
    };
    if causes.iter().any(broke_off) {
        return "EOF".into();
    }
    if causes.iter().any(|each| each.to_string() == "dns error") {
        return format!("dial tcp: lookup {}: no such host", host(url));
    }
    whole(error)
}

/// An error with what is behind it.
pub(super) fn whole(error: &(dyn Error + 'static)) -> String {
    chain(error).iter().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An error and what is behind it. What an [`io::Error`] wraps is no source of it, and is told all the same.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> Vec<&'a (dyn Error + 'static)> {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(each) = next {
        causes.push(each);
        let wrapped = each.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner as &'a (dyn Error + 'static)),
            None => each.source(),
        };
    }
    causes
}

fn of_tls(error: &rustls::Error, host: &str) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => {
            format!("tls: failed to verify certificate: x509: {}", of_certificate(error, host))
        }
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => "tls: first record does not look like a TLS handshake".into(),
        other => format!("tls: {other}"),
    }
}

fn of_certificate(error: &CertificateError, host: &str) -> String {
    match error {
        CertificateError::UnknownIssuer => "certificate signed by unknown authority".into(),
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "certificate has expired or is not yet valid".into(),
        CertificateError::NotValidForNameContext { presented, .. } => of_name(presented, host),
        other => other.to_string(),
    }
}

/// Which names a certificate has instead, each as `DnsName("name")` or `IpAddress(address)`.
fn of_name(presented: &[String], host: &str) -> String {
    let is_address = host.parse::<IpAddr>().is_ok();
    let kind = if is_address { "IpAddress(" } else { "DnsName(" };
    let names: Vec<&str> = presented
        .iter()
        .filter_map(|name| name.strip_prefix(kind)?.strip_suffix(')'))
        .map(|name| name.trim_matches('"'))
        .collect();
    match (names.is_empty(), is_address) {
        (false, _) => format!("certificate is valid for {}, not {host}", names.join(", ")),
        (true, true) => {
            format!("cannot validate certificate for {host} because it doesn't contain any IP SANs")
        }
        (true, false) => {
            format!("certificate is not valid for any names, but wanted to match {host}")
        }
    }
}

/// The host of an address, without the brackets of IPv6.
fn host(url: &Uri) -> &str {
    url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

/// Host and port.
fn authority(url: &Uri) -> String {
    let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
    format!("{}:{port}", url.host().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_of_another_name_tells_the_names_it_has() {
        let (dns, ip) = ("DnsName(\"a.test\")".to_owned(), "IpAddress(10.0.0.1)".to_owned());
        for (presented, host, said) in [
            (vec![dns.clone()], "b.test", "certificate is valid for a.test, not b.test"),
            (vec![dns.clone(), dns.clone()], "b.test", "certificate is valid for a.test, a.test, not b.test"),
            (vec![ip.clone()], "10.0.0.2", "certificate is valid for 10.0.0.1, not 10.0.0.2"),
            (
                vec![dns],
                "10.0.0.2",
                "cannot validate certificate for 10.0.0.2 because it doesn't contain any IP SANs",
            ),
            (vec![ip], "b.test", "certificate is not valid for any names, but wanted to match b.test"),
        ] {
            assert_eq!(of_name(&presented, host), said);
        }
    }

    #[test]
    fn what_an_error_wraps_is_found() {
        let refused = io::Error::new(io::ErrorKind::ConnectionRefused, "refused");
        let wrapped = io::Error::other(io::Error::other(refused));
        let url = Uri::from_static("https://host/path");
        assert_eq!(of(&wrapped, &url), "dial tcp host:443: connect: connection refused");
    }
}
