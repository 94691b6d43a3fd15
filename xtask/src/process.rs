//! Child processes: run one and insist on success, or watch one and count what its output says.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{host, pending::Pending, tally::Tally};

/// A command that starts in the root of the workspace.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(host::root());
    command
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command whose output goes to the terminal; anything but success is an error.
pub fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start {}", name(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", name(command));
    }
    Ok(())
}

/// Runs a command and returns what it printed; anything but success is an error.
pub fn output(command: &mut Command) -> Result<String> {
    let done =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("start {}", name(command)))?;
    if !done.status.success() {
        bail!("{} ended with {}", name(command), done.status);
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn name(command: &Command) -> String {
    let arguments = command.get_args().take(4).map(|argument| argument.to_string_lossy().into_owned());
    let program = command.get_program().to_string_lossy().into_owned();
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Runs a suite, shows its output, and adds up the lines that `read` understands as counts.
///
/// A suite that fails without a count, that prints none, or that outlasts `limit` counts as one failure.
pub fn watch(
    command: &mut Command,
    limit: Duration,
    read: fn(&str) -> Option<Tally>,
    pending: Pending,
) -> Tally {
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            println!("could not start {}: {error}", name(command));
            return Tally::BROKEN;
        }
    };
    let output = child.stdout.take().expect("stdout was piped two lines above");
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let (mut tally, mut any) = (Tally::default(), false);
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            pending.look(&line);
            if let Some(counts) = read(&line) {
                tally += counts;
                any = true;
            }
        }
        // The receiver is gone when the suite outlasted its limit; there is nobody to tell.
        let _ = send.send(any.then(|| (tally, pending.settle(tally))));
    });
    let status = wait(&mut child, limit);
    let counted = receive.recv_timeout(Duration::from_secs(5)).ok().flatten();
    match (counted, status) {
        (Some((raw, tally)), Some(status)) if status.success() || raw.failed > 0 => tally,
        (counted, status) => {
            println!("broke off: {}", status.map_or_else(|| "too slow".into(), |status| status.to_string()));
            let mut tally = counted.map(|(_, tally)| tally).unwrap_or_default();
            tally += Tally::BROKEN;
            tally
        }
    }
}

/// Waits for the child; one that outlasts `limit` is ended, and the answer is `None`.
pub fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(50));
    }
    end(child);
    None
}

/// Asks the child to end, and insists after ten seconds.
pub fn end(child: &mut Child) {
    let asked =
        Command::new("kill").arg(child.id().to_string()).status().is_ok_and(|status| status.success());
    let deadline = Instant::now() + Duration::from_secs(if asked { 10 } else { 0 });
    while Instant::now() < deadline {
        if let Ok(Some(_)) = child.try_wait() {
            return;
        }
        thread::sleep(Duration::from_millis(20));
    }
    // Both fail only if the child has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
