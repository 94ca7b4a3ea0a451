use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{interval, sleep, timeout};

use super::Error;

/// The processes of the example.
///
/// They are in a process group of their own, led by a shell that ends the whole group when its standard input is closed.
/// This process holds the other end, so the group ends even if this process is killed.
pub(super) struct Children {
    leader: Child,
    group: u32,
    children: Vec<Running>,
}

/// A program of the example.
pub(super) struct Program {
    /// The name in messages and commands.
    pub(super) name: &'static str,
    pub(super) path: PathBuf,
    pub(super) arguments: Vec<String>,
    /// The environment variables that are set for it.
    pub(super) variables: Vec<(&'static str, PathBuf)>,
    pub(super) is_node: bool,
    /// The port of 127.0.0.1 that it listens on.
    pub(super) port: u16,
}

struct Running {
    program: Program,
    /// `None` if the process has ended.
    child: Option<Child>,
}

/// Waits for the end of the input, interrupts the processes of the group, removes the folder and kills the group.
/// `cat`, `kill` and `sleep` are in the group as well, and ignore the interrupt as their parent does.
const LEADER: &str = r#"trap "" INT; cat >/dev/null; kill -INT 0; sleep 5; rm -rf "$1"; kill -KILL 0"#;

/// The time that processes get to end by themselves, as above.
const GRACE: Duration = Duration::from_secs(5);

impl Children {
    /// Starts the leader of the group, which removes `folder` if this process is killed.
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        let leader = Command::new("sh")
            .args(["-c", LEADER, "leader"])
            .arg(folder)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("sh does not start: {error}"))?;
        let group = leader.id().ok_or("sh has ended")?;
        Ok(Self { leader, group, children: Vec::new() })
    }

    /// Starts a program, and waits until it listens.
    pub(super) async fn start(&mut self, program: Program) -> Result<(), Error> {
        self.children.push(Running { program, child: None });
        self.run(self.children.len() - 1).await
    }

    async fn run(&mut self, index: usize) -> Result<(), Error> {
        let Running { program, child } = &mut self.children[index];
        let Program { name, port, .. } = *program;
        let mut process = Command::new(&program.path)
            .args(&program.arguments)
            .envs(program.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(i32::try_from(self.group)?)
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", program.path.display()))?;
        let id = process.id().unwrap_or_default();
        let listens = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(25)).await;
            }
        };
        tokio::select! {
            // Checked first: another program may listen on the port that this one could not have.
            biased;
            status = process.wait() => return Err(format!("{name} has ended: {}", status?).into()),
            started = timeout(START, listens) => {
                started.map_err(|_| format!("{name} does not listen on port {port}"))?;
            }
        }
        println!("{name}: process {id}, port {port}");
        *child = Some(process);
        Ok(())
    }

    /// Executes commands, and reports processes that end, until Ctrl-C.
    pub(super) async fn watch(&mut self, mut commands: mpsc::Receiver<String>) -> io::Result<()> {
        let mut ticks = interval(Duration::from_millis(100));
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            tokio::select! {
                interrupted = &mut interrupt => return interrupted,
                Some(command) = commands.recv() => {
                    if let Err(error) = self.execute(&command).await {
                        println!("{error}");
                    }
                }
                _ = ticks.tick() => self.report_ended(),
            }
        }
    }

    async fn execute(&mut self, command: &str) -> Result<(), Error> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let (verb, name) = match words[..] {
            [] => return Ok(()),
            [verb @ ("kill" | "stop" | "start"), name] => (verb, name),
            _ => return Err("commands: kill NAME, stop NAME, start NAME".into()),
        };
        let Some(index) = self.children.iter().position(|child| child.program.name == name) else {
            let names: Vec<&str> = self.children.iter().map(|child| child.program.name).collect();
            return Err(format!("{name} is not one of {}", names.join(", ")).into());
        };
        match (verb, &mut self.children[index].child) {
            ("start", None) => self.run(index).await,
            ("start", Some(_)) => Err(format!("{name} is running").into()),
            (_, None) => Err(format!("{name} is not running").into()),
            ("kill", Some(child)) => Ok(child.start_kill()?),
            (_, Some(child)) => Ok(interrupt(child).await?),
        }
    }

    fn report_ended(&mut self) {
        for Running { program: Program { name, .. }, child: slot } in &mut self.children {
            if let Some(child) = slot
                && let Ok(Some(status)) = child.try_wait()
            {
                *slot = None;
                println!("{name} has ended, {status}; the command \"start {name}\" starts it again");
            }
        }
    }

    /// Ends all processes, and waits for them: the nodes first, because they tell their clients through the proxy.
    pub(super) async fn stop(&mut self) {
        for nodes in [true, false] {
            let children = self.children.iter_mut().filter(|running| running.program.is_node == nodes);
            let mut children: Vec<&mut Child> =
                children.filter_map(|running| running.child.as_mut()).collect();
            for child in &children {
                interrupt(child).await.ok();
            }
            let end = async {
                for child in &mut children {
                    child.wait().await.ok();
                }
            };
            timeout(GRACE, end).await.ok();
        }
        // The leader, and processes that have not ended in time or were left by another.
        let group = format!("-{}", self.group);
        Command::new("kill").args(["-KILL", "--", &group]).status().await.ok();
        self.leader.wait().await.ok();
        for child in self.children.iter_mut().filter_map(|running| running.child.as_mut()) {
            child.wait().await.ok();
        }
    }
}

/// The time that a program gets to start.
const START: Duration = Duration::from_secs(20);

/// Sends Ctrl-C's signal to a process.
async fn interrupt(child: &Child) -> io::Result<()> {
    // `None` if the process has ended.
    if let Some(id) = child.id() {
        Command::new("kill").args(["-INT", &id.to_string()]).status().await?;
    }
    Ok(())
}

/// Reads commands from the standard input.
pub(super) fn commands() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    // A thread, because a read of a terminal cannot be cancelled.
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
