use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Error;

/// The processes of the example. They are killed when this is dropped.
#[derive(Default)]
pub(super) struct Children(Vec<(String, Child)>);

impl Children {
    /// Starts a program. `remedy` says how to get it.
    pub(super) fn start(
        &mut self,
        name: &str,
        program: &str,
        arguments: &[&str],
        remedy: &str,
    ) -> Result<(), Error> {
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{program} does not start ({error}): {remedy}"))?;
        println!("{name}: process {}", child.id().unwrap_or_default());
        self.0.push((name.to_owned(), child));
        Ok(())
    }

    /// Waits until the program that was started last listens on a port.
    pub(super) async fn listens(&mut self, port: u16) -> Result<(), Error> {
        for _ in 0..400 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Ok(());
            }
            if let Some((name, child)) = self.0.last_mut()
                && let Some(status) = child.try_wait()?
            {
                return Err(format!("{name} has ended: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Err(format!("nothing listens on port {port}").into())
    }

    /// Waits for Ctrl-C, and reports processes that end before.
    pub(super) async fn watch(mut self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => return,
                _ = ticks.tick() => self.report_ended(),
            }
        }
    }

    fn report_ended(&mut self) {
        self.0.retain_mut(|(name, child)| match child.try_wait() {
            Ok(Some(status)) => {
                println!("{name} has ended: {status}");
                false
            }
            _ => true,
        });
    }
}

/// Returns a port that is free now.
pub(super) fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
