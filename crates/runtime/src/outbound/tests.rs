//! Servers of this test's own, whose authority is made for it.

use std::net::SocketAddr;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;

const WAIT: Duration = Duration::from_secs(20);

#[test]
fn only_servers_can_be_asked() {
    for (url, fits) in [
        ("http://example.com/path?query", true),
        ("https://example.com", true),
        ("ftp://example.com", false),
        ("example.com", false),
        ("http:///path", false),
        ("", false),
    ] {
        let post = Post { url: url.into(), ..Post::default() };
        assert_eq!(Step::first(post).is_ok(), fits, "{url}");
    }
}

#[tokio::test]
async fn nobody_is_reached_from_nowhere() {
    let post = Post { url: "http://example.com".into(), ..Post::default() };
    let asked = Outbound::nowhere().post(&Clock::system(), post, Duration::from_secs(1)).await;
    assert!(matches!(asked, Err(OutboundError::Unreachable(_))));
}

/// An authority, and how a server that it vouches for speaks TLS.
fn vouched(names: &[&str]) -> (String, ServerConfig) {
    let mut params = CertificateParams::new([]).expect("no names are good names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("ring makes keys");
    let authority = params.self_signed(&key).expect("the parameters are whole").pem();
    let issuer = Issuer::new(params, key);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().expect("ring makes keys");
    let leaf = CertificateParams::new(names).expect("they are names").signed_by(&key, &issuer);
    let chain = vec![leaf.expect("the parameters are whole").der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    (authority, config.expect("the key fits"))
}

/// Answers one request after another with `answers`, each on a connection of its own.
async fn serve(config: ServerConfig, answers: Vec<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
    let address = listener.local_addr().expect("it is bound");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    crate::Tasks::default().spawn_detached(async move {
        for answer in answers {
            let (stream, _) = listener.accept().await.expect("somebody comes");
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(stream.read_u8().await.expect("the request is whole"));
            }
            stream.write_all(answer.as_bytes()).await.expect("it is waited for");
            // The client may be gone already.
            let _ = stream.shutdown().await;
        }
    });
    address
}

fn kept(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("there is a folder for it");
    std::fs::write(file.path(), text).expect("it can be written");
    file
}

async fn ask(outbound: &Outbound, url: String) -> Result<Reply, OutboundError> {
    outbound.post(&Clock::system(), Post { url, ..Post::default() }, WAIT).await
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let (authority, config) = vouched(&["localhost", "127.0.0.1"]);
    let address = serve(config, vec!["HTTP/1.1 299 Own\r\ncontent-length: 2\r\n\r\nok"; 2]).await;
    let url = format!("https://{address}/path");
    let stranger = ask(&Outbound::network(), url.clone()).await;
    let told = format!(
        "Post \"{url}\": tls: failed to verify certificate: x509: certificate signed by unknown authority"
    );
    assert_eq!(stranger.map(|reply| reply.status), Err(OutboundError::Unreachable(told)));

    let outbound = Outbound::network();
    let file = kept(&authority);
    outbound.trust(file.path()).expect("it has a certificate");
    let reply = ask(&outbound, url).await.expect("it is trusted");
    assert_eq!((reply.status, &*reply.reason, &reply.body[..]), (299, "Own", &b"ok"[..]));
}

#[tokio::test]
async fn redirections_end() {
    let (authority, config) = vouched(&["127.0.0.1"]);
    let again = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n";
    let address = serve(config, vec![again; REDIRECTS_MAX + 1]).await;
    let outbound = Outbound::network();
    outbound.trust(kept(&authority).path()).expect("it has a certificate");
    let asked = ask(&outbound, format!("https://{address}/path")).await;
    let told = format!("Post \"https://{address}/again\": stopped after 10 redirects");
    assert_eq!(asked.map(|reply| reply.status), Err(OutboundError::Unreachable(told)));
}

#[test]
fn a_file_without_authorities_is_refused() {
    let outbound = Outbound::network();
    for text in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let refused = outbound.trust(kept(text).path());
        assert!(matches!(refused, Err(AuthoritiesError::Useless)), "{text}");
    }
    let missing = outbound.trust(Path::new("no/such/file"));
    assert!(matches!(missing, Err(AuthoritiesError::Unreadable(_))));
}
