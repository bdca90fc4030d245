//! Futures that are dropped where they wait, as a request is that nobody waits for any more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Polls a future until it has been pending so many times, then drops it.
struct DropAt<F> {
    inner: Pin<Box<F>>,
    left: usize,
}

impl<F: Future> Future for DropAt<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if let Poll::Ready(output) = self.inner.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        self.left -= 1;
        if self.left == 0 { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// The output, or `None` when the future was dropped where it was pending for the `nth` time.
pub async fn drop_at<F: Future>(nth: usize, future: F) -> Option<F::Output> {
    DropAt { inner: Box::pin(future), left: nth }.await
}
