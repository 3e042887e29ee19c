//! Requests that are answered before their content was read. The library would close the connection behind such an answer without a word, and a client that
//! has sent its next request on it by then sees that one fail. A short rest is read and thrown away (RFC 9112 section 9.3); otherwise the answer says that
//! it is the last (section 9.6).

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, EXPECT, HeaderValue};
use parking_lot::Mutex;
use tower::ServiceExt as _;

/// The longest rest that is read, in bytes: any ordinary call of an API.
const REST_BYTES_MAX: u64 = 64 << 10;

/// How long a rest may take to come.
const REST_WAIT: Duration = Duration::from_secs(2);

/// Answers `request` with `router`.
pub(super) async fn answer(router: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    // Whoever asks first whether it is wanted sends no content after a refusal, and says so to nobody (RFC 9110 section 10.1.1).
    let is_asked_for = request.headers().contains_key(EXPECT);
    let rest = Rest::default();
    let kept = Arc::clone(&rest);
    let request = request.map(|inner| Body::new(Content { inner: Some(inner), is_over: false, rest: kept }));
    let mut response = router.oneshot(request).await?;
    let unread = rest.lock().take();
    if let Some(unread) = unread
        && (is_asked_for || !is_read_out(unread).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// What was not read of a request.
type Rest = Arc<Mutex<Option<Incoming>>>;

/// The content of a request. Whatever is not read of it goes back when it is dropped.
struct Content {
    inner: Option<Incoming>,
    is_over: bool,
    rest: Rest,
}

impl hyper::body::Body for Content {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(inner) = &mut self.inner else { return Poll::Ready(None) };
        let frame = Pin::new(inner).poll_frame(cx);
        self.is_over |= matches!(frame, Poll::Ready(None | Some(Err(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(Incoming::size_hint).unwrap_or_default()
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        if !self.is_over && !self.is_end_stream() {
            *self.rest.lock() = self.inner.take();
        }
    }
}

/// Reads what is left; gives whether that was all.
async fn is_read_out(mut unread: Incoming) -> bool {
    let size = unread.size_hint();
    if size.upper().unwrap_or(size.lower()) > REST_BYTES_MAX {
        return false;
    }
    let reading = async {
        let mut left = REST_BYTES_MAX;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut unread).poll_frame(cx)).await {
            let Ok(frame) = frame else { return false };
            let read = frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
            match left.checked_sub(read) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    tokio::time::timeout(REST_WAIT, reading).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

    /// A connection to a server that refuses everything but `POST /`.
    fn connected() -> DuplexStream {
        let (client, server) = tokio::io::duplex(1 << 10);
        let router = Router::new().route("/", post(|content: String| async move { content }));
        let service = service_fn(move |request| answer(router.clone(), request));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service));
        client
    }

    /// The header of the next answer, in small letters.
    async fn answered(client: &mut DuplexStream) -> String {
        let mut header = Vec::new();
        while !header.ends_with(b"\r\n\r\n") {
            header.push(client.read_u8().await.unwrap());
        }
        String::from_utf8(header).unwrap().to_lowercase()
    }

    #[tokio::test]
    async fn a_request_after_one_that_was_refused_unread_is_answered() {
        let mut client = connected();
        for _ in 0..2 {
            client.write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n").await.unwrap();
            // It does not come with the header.
            tokio::task::yield_now().await;
            client.write_all(&[b'x'; 4000]).await.unwrap();
            let header = answered(&mut client).await;
            assert!(header.starts_with("http/1.1 405") && !header.contains("connection: close"), "{header}");
        }
        client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await.unwrap();
        let header = answered(&mut client).await;
        assert!(header.starts_with("http/1.1 200"), "{header}");
    }

    #[tokio::test]
    async fn an_answer_before_long_content_or_content_that_is_held_back_says_that_it_is_the_last() {
        for fields in ["Content-Length: 100000000", "Content-Length: 10\r\nExpect: 100-continue"] {
            let mut client = connected();
            let header = format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
            client.write_all(header.as_bytes()).await.unwrap();
            let header = answered(&mut client).await;
            assert!(header.starts_with("http/1.1 405") && header.contains("connection: close"), "{header}");
        }
    }

    #[tokio::test]
    async fn content_that_does_not_come_is_not_waited_for_for_ever() {
        let mut client = connected();
        client.write_all(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome").await.unwrap();
        let header = answered(&mut client).await;
        assert!(header.contains("connection: close"), "{header}");
    }
}
