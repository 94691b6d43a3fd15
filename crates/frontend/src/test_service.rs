//! The calls of the test service: holding the clock of a test server, letting it go, and sleeping by it.

use std::time::Duration;

use longhaul_kernel::time::{self, Timestamp};
use longhaul_proto::api::testservice::v1::{
    GetCurrentTimeResponse, LockTimeSkippingRequest, LockTimeSkippingResponse, SleepRequest, SleepResponse,
    SleepUntilRequest, UnlockTimeSkippingRequest, UnlockTimeSkippingResponse,
    test_service_server::TestService as Service,
};
use longhaul_runtime::{Clock, Skipper};
use tonic::{Request, Response, Status};

use crate::{Frontend, asker::Asker, frontend::Answered};

/// The service, on a server whose clock can be set forward.
#[derive(Clone)]
pub(crate) struct TestService {
    frontend: Frontend,
    clock: Clock,
    skipper: &'static Skipper,
}

impl TestService {
    /// The service, if the server's clock can be set forward.
    pub(crate) fn of(frontend: &Frontend) -> Option<Self> {
        let clock = frontend.host.clock;
        Some(Self { frontend: frontend.clone(), clock, skipper: clock.skipper()? })
    }

    async fn answer<Q, A>(
        &self,
        name: &'static str,
        request: Request<Q>,
        answer: impl AsyncFnOnce(Q) -> Answered<A>,
    ) -> Result<Response<A>, Status> {
        self.frontend.answer(name, request, async |_: Asker, request| answer(request).await).await
    }

    /// Sleeps by the server's clock. Whether it is set forward meanwhile is for others to say.
    async fn sleep(&self, until: i64) {
        let _awaited = self.skipper.await_until(until);
        self.clock.sleep_until(until).await;
    }

    fn after(&self, length: Option<&prost_types::Duration>) -> i64 {
        let length = time::positive(length).unwrap_or(Duration::ZERO);
        (Timestamp(self.clock.now()) + length).0
    }
}

/// Holds the clock again when it is dropped.
struct Relock(&'static Skipper);

impl Drop for Relock {
    fn drop(&mut self) {
        self.0.lock();
    }
}

#[tonic::async_trait]
impl Service for TestService {
    async fn lock_time_skipping(
        &self,
        request: Request<LockTimeSkippingRequest>,
    ) -> Result<Response<LockTimeSkippingResponse>, Status> {
        self.answer("LockTimeSkipping", request, async |_| {
            self.skipper.lock();
            Ok(LockTimeSkippingResponse {})
        })
        .await
    }

    async fn unlock_time_skipping(
        &self,
        request: Request<UnlockTimeSkippingRequest>,
    ) -> Result<Response<UnlockTimeSkippingResponse>, Status> {
        self.answer("UnlockTimeSkipping", request, async |_| {
            self.skipper.unlock();
            Ok(UnlockTimeSkippingResponse {})
        })
        .await
    }

    async fn sleep(&self, request: Request<SleepRequest>) -> Result<Response<SleepResponse>, Status> {
        self.answer("Sleep", request, async |request: SleepRequest| {
            self.sleep(self.after(request.duration.as_ref())).await;
            Ok(SleepResponse {})
        })
        .await
    }

    async fn sleep_until(
        &self,
        request: Request<SleepUntilRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        self.answer("SleepUntil", request, async |request: SleepUntilRequest| {
            let until = request.timestamp.as_ref().map_or(0, |at| Timestamp::from_proto(at).0);
            self.sleep(until).await;
            Ok(SleepResponse {})
        })
        .await
    }

    async fn unlock_time_skipping_with_sleep(
        &self,
        request: Request<SleepRequest>,
    ) -> Result<Response<SleepResponse>, Status> {
        self.answer("UnlockTimeSkippingWithSleep", request, async |request: SleepRequest| {
            let until = self.after(request.duration.as_ref());
            // Known to sleep before the clock is let go, so that it does not run past.
            let _awaited = self.skipper.await_until(until);
            self.skipper.unlock();
            let _relock = Relock(self.skipper);
            self.clock.sleep_until(until).await;
            Ok(SleepResponse {})
        })
        .await
    }

    async fn get_current_time(
        &self,
        request: Request<()>,
    ) -> Result<Response<GetCurrentTimeResponse>, Status> {
        self.answer("GetCurrentTime", request, async |()| {
            Ok(GetCurrentTimeResponse { time: Some(Timestamp(self.clock.now()).to_proto()) })
        })
        .await
    }
}
