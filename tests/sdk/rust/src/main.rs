//! Runs features of the official Rust SDK against a server: `cargo run -- --address HOST:PORT [--only PATTERN]`.
//!
//! One line for each case; the last line is `N passed, N failed`.

/// Declares the cases of a file.
#[macro_export]
macro_rules! cases {
    ($($name:ident),+ $(,)?) => { pub const ALL: &[Case] = &[$((stringify!($name), |t| Box::pin($name(t)))),+]; };
}

mod cases;
mod cases_message;
mod workflows;

use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::LocalBoxFuture;
use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, Url};
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

const CASES_AT_A_TIME: usize = 8;
const CASE_LIMIT: Duration = Duration::from_secs(60);

pub type Fault = Box<dyn std::error::Error + Send + Sync>;
pub type Verdict = Result<(), Fault>;
pub type Case = (&'static str, fn(Ctx) -> LocalBoxFuture<'static, Verdict>);

/// What a case may use: a client, the shared worker's task queue, and ids nobody else has.
#[derive(Clone)]
pub struct Ctx {
    pub client: Client,
    pub task_queue: String,
    name: &'static str,
}

impl Ctx {
    pub fn id(&self) -> String {
        format!("{}-{}", self.name, uuid::Uuid::new_v4())
    }
}

struct Options {
    address: String,
    only: String,
}

fn options() -> Option<Options> {
    let mut found = Options { address: String::new(), only: String::new() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--address" => found.address = words.next()?,
            "--only" => found.only = words.next()?,
            _ => return None,
        }
    }
    (!found.address.is_empty()).then_some(found)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: sdk-features --address HOST:PORT [--only PATTERN]");
        return ExitCode::from(2);
    };
    match against(&options).await {
        Ok((passed, failed)) => {
            println!("{passed} passed, {failed} failed");
            ExitCode::from(u8::from(failed > 0 || passed == 0))
        }
        Err(error) => {
            println!("FAILED start: {error}");
            println!("0 passed, 1 failed");
            ExitCode::FAILURE
        }
    }
}

async fn against(options: &Options) -> Result<(usize, usize), Box<dyn std::error::Error>> {
    let url = Url::from_str(&format!("http://{}", options.address))?;
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let connection = Connection::connect(ConnectionOptions::new(url).build()).await?;
    let client = Client::new(connection, ClientOptions::new("default").build())?;
    let task_queue = format!("features-{}", uuid::Uuid::new_v4());
    let worker_options = register(WorkerOptions::new(&task_queue))?;
    let mut worker = Worker::new(&runtime, client.clone(), worker_options)?;
    let shut_down = worker.shutdown_handle();
    let cases = async {
        let verdict = run_all(client, task_queue, &options.only).await;
        shut_down();
        verdict
    };
    let (ended, verdict) = tokio::join!(worker.run(), cases);
    ended?;
    Ok(verdict)
}

macro_rules! register_all {
    ($options:expr, $($workflow:ident),+) => { $options$(.register_workflow::<workflows::$workflow>()?)+ };
}

pub fn register(
    options: temporalio_sdk::WorkerOptionsBuilder,
) -> Result<WorkerOptions, temporalio_sdk::WorkflowRegistrationError> {
    let options = options.register_activities(workflows::Activities);
    Ok(register_all!(
        options,
        CancelledActivity, CancelledChild, Children, Collect, CompletedElsewhere, CountDown, CronTick, Echo, External,
        Fail, FailingChild, HeartbeatActivity, LateActivity, LocalActivity, NobodysActivity, OneActivity, ParentOf,
        Patched, RefusedActivity, RetriedActivity, Searchable, Seeded, SilentActivity, Sleeper, SlowActivity, Timer,
        Timers
    )
    .build())
}

async fn run_all(client: Client, task_queue: String, only: &str) -> (usize, usize) {
    let chosen = cases::ALL.iter().chain(cases_message::ALL).filter(|(name, _)| name.contains(only));
    let verdicts = futures::stream::iter(chosen.map(|&(name, case)| {
        let ctx = Ctx { client: client.clone(), task_queue: task_queue.clone(), name };
        async move {
            let began = Instant::now();
            let verdict = tokio::time::timeout(CASE_LIMIT, case(ctx)).await;
            match verdict.map_err(Into::into).and_then(|v| v) {
                Ok(()) => println!("ok {name} ({} ms)", began.elapsed().as_millis()),
                Err(error) => {
                    println!("FAILED {name}: {}", error.to_string().replace('\n', " "));
                    return false;
                }
            }
            true
        }
    }));
    let verdicts: Vec<bool> = verdicts.buffer_unordered(CASES_AT_A_TIME).collect().await;
    let passed = verdicts.iter().filter(|ok| **ok).count();
    (passed, verdicts.len() - passed)
}
