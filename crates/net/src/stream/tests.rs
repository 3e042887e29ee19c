use std::path::Path;

use crypto::tls::{CertifiedChains, ClientTls, Roots, ServerTls, Service, TlsSettings, parse_chain};
use proptest::prelude::*;
use tokio::net::TcpListener;

use super::*;
use crate::pace::ReadPolicy;

const WAIT: Duration = Duration::from_secs(5);

/// Both ends of one connection: (client, server).
async fn plain_pair() -> (Stream, Stream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (client, (server, from)) = (client.unwrap(), accepted.unwrap());
    (Stream::new(client, address, from), Stream::new(server, from, address))
}

fn server_tls() -> ServerTls {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["mx.trade.test".to_owned()]).unwrap();
    let pem = certificate.self_signed(&key).unwrap().pem();
    let chain = parse_chain(pem.as_bytes(), key.serialize_pem().as_bytes(), Path::new("test")).unwrap();
    ServerTls::new(TlsSettings::default(), CertifiedChains::new(chain, vec![]).unwrap()).unwrap()
}

async fn tls_pair() -> (Stream, Stream) {
    let (client, server) = plain_pair().await;
    let trust = ClientTls::opportunistic(&Roots::only(&[]).unwrap()).unwrap();
    let name = ServerName::try_from("mx.trade.test").unwrap();
    let (client, server) = tokio::join!(
        client.upgrade_client(trust.config(), name, WAIT),
        server.upgrade_server(server_tls().config(Service::Mail), WAIT),
    );
    (client.unwrap(), server.unwrap())
}

async fn pairs() -> Vec<(Stream, Stream)> {
    let (mut client, mut server) = tls_pair().await;
    client.compress(&[]).unwrap();
    server.compress(&[]).unwrap();
    let (mut plain_client, mut plain_server) = plain_pair().await;
    plain_client.compress(&[]).unwrap();
    plain_server.compress(&[]).unwrap();
    vec![plain_pair().await, tls_pair().await, (client, server), (plain_client, plain_server)]
}

async fn receive_all(stream: &mut Stream, wanted: usize) -> BytesMut {
    let mut into = BytesMut::new();
    while into.len() < wanted {
        assert!(stream.receive(&mut into, WAIT).await.unwrap() > 0, "ended after {}", into.len());
    }
    into
}

#[tokio::test]
async fn every_kind_carries_large_transfers_both_ways() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (mut client, mut server) in pairs().await {
        let kind = format!("{:?}", server.tls_info().map(|info| info.version));
        let sending = async {
            client.send(&large, WAIT).await.unwrap();
            receive_all(&mut client, 5).await
        };
        let echoing = async {
            let received = receive_all(&mut server, large.len()).await;
            server.send(b"taken", WAIT).await.unwrap();
            received
        };
        let (reply, received) = tokio::join!(sending, echoing);
        assert!(received == large, "{kind}");
        assert_eq!(&reply[..], b"taken", "{kind}");
    }
}

#[tokio::test]
async fn silence_ends_in_a_timeout_and_gives_the_buffer_back() {
    for (_client, mut server) in pairs().await {
        let mut into = BytesMut::with_capacity(64 * 1024);
        let ended = server.receive(&mut into, Duration::from_millis(30)).await;
        assert!(matches!(ended, Err(StreamError::ReadTimeout { .. })), "{ended:?}");
        assert_eq!(into.capacity(), 0);
    }
}

#[tokio::test]
async fn unread_input_is_kept_when_a_wait_is_abandoned() {
    for (mut client, mut server) in pairs().await {
        let mut into = BytesMut::new();
        for round in 0..20_u8 {
            let abandoned = server.receive(&mut into, Duration::from_micros(200)).await;
            assert!(matches!(abandoned, Err(StreamError::ReadTimeout { .. })));
            client.send(&[round; 3], WAIT).await.unwrap();
            server.receive(&mut into, WAIT).await.unwrap();
        }
        assert_eq!(into.len(), 60);
    }
}

#[tokio::test]
async fn a_peer_that_reads_nothing_ends_in_a_timeout() {
    for (mut client, _server) in pairs().await {
        let noise: Vec<u8> = (0..16_000_000_u32).map(|n| (n.wrapping_mul(n) >> 13) as u8).collect();
        let ended = client.send(&noise, Duration::from_millis(100)).await;
        assert!(matches!(ended, Err(StreamError::WriteTimeout { .. })), "{ended:?}");
    }
}

#[tokio::test]
async fn a_trickling_sender_is_cut() {
    let (mut client, mut server) = plain_pair().await;
    let policy = ReadPolicy { idle: WAIT, grace: Duration::from_millis(100), bytes_per_second_min: 1000 };
    let trickle = async {
        while client.send(b"x", WAIT).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let reading = async {
        let mut pace = Pace::begin(policy);
        let mut into = BytesMut::new();
        loop {
            if let Err(cause) = server.receive_paced(&mut into, &mut pace).await {
                return cause;
            }
        }
    };
    tokio::select! {
        () = trickle => panic!("nobody cut the sender"),
        cause = reading => assert!(matches!(cause, StreamError::ReadTimeout { .. }), "{cause}"),
    }
}

#[tokio::test]
async fn end_of_input_is_zero_also_without_farewell() {
    for (mut client, mut server) in pairs().await {
        // The farewell of TLS is left out: only the connection below ends.
        server.send(b"x", WAIT).await.unwrap();
        receive_all(&mut client, 1).await;
        drop(client);
        assert_eq!(server.receive(&mut BytesMut::new(), WAIT).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn the_last_reply_arrives_although_input_was_left_unread() {
    for (mut client, mut server) in pairs().await {
        client.send(&[b'x'; 100_000], WAIT).await.unwrap();
        server.send(b"421 go away\r\n", WAIT).await.unwrap();
        let (reply, ()) = tokio::join!(
            async {
                let reply = receive_all(&mut client, 13).await;
                drop(client);
                reply
            },
            server.close()
        );
        assert_eq!(&reply[..], b"421 go away\r\n");
    }
}

#[tokio::test]
async fn plain_text_is_no_handshake() {
    let (mut client, server) = plain_pair().await;
    client.send(b"EHLO client.test\r\nMAIL FROM:<a@b.test>\r\n", WAIT).await.unwrap();
    let refused = server.upgrade_server(server_tls().config(Service::Mail), WAIT).await.unwrap_err();
    assert!(matches!(refused, StreamError::Handshake(_)));
    assert_eq!(refused.outlook(), Outlook::Permanent);
}

#[tokio::test]
async fn a_silent_handshake_ends_in_a_timeout() {
    let (_client, server) = plain_pair().await;
    let wait = Duration::from_millis(30);
    let refused = server.upgrade_server(server_tls().config(Service::Mail), wait).await.unwrap_err();
    assert!(matches!(refused, StreamError::HandshakeTimeout { .. }));
}

#[tokio::test]
async fn tls_is_not_begun_twice() {
    let (_client, server) = tls_pair().await;
    assert_eq!(server.tls_info().unwrap().sni.as_deref(), Some("mx.trade.test"));
    let refused = server.upgrade_server(server_tls().config(Service::Mail), WAIT).await.unwrap_err();
    assert!(matches!(refused, StreamError::Already("encrypted")));
}

#[tokio::test]
async fn damaged_compression_is_an_error() {
    let (mut client, mut server) = plain_pair().await;
    server.compress(b"\xff\xff\xff\xff").unwrap();
    client.send(b"\xff\xff\xff\xff\xff\xff", WAIT).await.unwrap();
    assert!(matches!(server.receive(&mut BytesMut::new(), WAIT).await, Err(StreamError::Io(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// What is written in any pieces, flushed or not, comes out whole, and each flush makes all before it readable.
    #[test]
    fn compression_is_transparent(pieces in prop::collection::vec((prop::collection::vec(0..4_u8, 0..20_000), any::<bool>()), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut client, mut server) = plain_pair().await;
            client.compress(&[]).unwrap();
            server.compress(&[]).unwrap();
            let mut waiting = Vec::new();
            for (piece, flush) in pieces {
                client.send_part(&piece, WAIT).await.unwrap();
                waiting.extend(piece);
                if flush {
                    let (sent, received) =
                        tokio::join!(client.send(&[], WAIT), receive_all(&mut server, waiting.len()));
                    sent.unwrap();
                    assert!(received == waiting);
                    waiting.clear();
                }
            }
        });
    }
}
