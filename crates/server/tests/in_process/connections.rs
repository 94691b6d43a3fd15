//! Connections as a client of HTTP/2 sees them: how old they get, and what becomes of pings.

use std::time::Duration;

use longhaul_server::{config::Config, server::Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::limits::configured;

/// What a client of HTTP/2 says first, and settings that change nothing.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A ping without a stream.
const PING: &[u8] = b"\0\0\x08\x06\0\0\0\0\0longhaul";

const SETTINGS: u8 = 4;
const PING_KIND: u8 = 6;
const GO_AWAY: u8 = 7;
const ACKNOWLEDGES: u8 = 1;

/// A frame: its kind, its flags and what it carries.
type Frame = (u8, u8, Vec<u8>);

struct Raw(TcpStream);

impl Raw {
    async fn connect(server: &Server) -> Self {
        let mut stream = TcpStream::connect(server.address).await.expect("the server listens");
        stream.write_all(HELLO).await.expect("the server reads");
        Self(stream)
    }

    /// The next frame that is not about settings; `None` if the server hung up.
    async fn frame(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).await.ok()?;
            // A window that grows is of no interest either.
            if head[3] != SETTINGS && head[3] != 8 {
                return Some((head[3], head[4], body));
            }
        }
    }

    /// The next frame, within a time that is far too long.
    async fn soon(&mut self) -> Option<Frame> {
        timeout(Duration::from_secs(20), self.frame()).await.expect("the server goes on")
    }
}

#[tokio::test]
async fn an_old_connection_is_closed_gently() {
    let config =
        configured(&["--dynamic-config-value", "frontend.keepAliveMaxConnectionAge=\"1s\""]).unwrap();
    let server = Server::start(&config).await.unwrap();
    let mut client = Raw::connect(&server).await;
    let (kind, _, body) = loop {
        let frame = client.soon().await.expect("it is told before it is closed");
        // The server asks whether the last calls have arrived.
        if frame.0 == PING_KIND && frame.1 & ACKNOWLEDGES == 0 {
            let mut answer = PING[..9].to_vec();
            answer[4] = ACKNOWLEDGES;
            answer.extend(frame.2);
            client.0.write_all(&answer).await.unwrap();
        } else {
            break frame;
        }
    };
    assert_eq!((kind, &body[4..8]), (GO_AWAY, &[0, 0, 0, 0][..]), "without an error");
    server.stop().await;
}

#[tokio::test]
async fn pings_without_calls_are_answered_however_often_they_come() {
    let server = Server::start(&Config { port: 0, ..Config::default() }).await.unwrap();
    let mut client = Raw::connect(&server).await;
    for _ in 0..10 {
        client.0.write_all(PING).await.unwrap();
        let answer = client.soon().await.expect("the connection stays");
        assert_eq!(answer, (PING_KIND, ACKNOWLEDGES, b"longhaul".to_vec()));
    }
    server.stop().await;
}
