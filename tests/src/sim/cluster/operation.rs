use std::time::Duration;

use socketio_core::cluster::Destination;

use super::{Cluster, Counting, Hearing, Inquiry, Plan, ProcessKey};

/// One random event in the life of a [`Cluster`]. The numbers pick processes and rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // Each is the method of `Cluster` of that name.
pub enum Operation {
    Run(u64),
    Broadcast(usize, u8),
    Gather(usize, u8),
    Ask(usize, u8, u64),
    Cancel(usize, usize),
    Cut(usize),
    TakeDown(u64),
    Deafen(usize, Hearing),
    Kill(usize, bool),
    Stop(usize),
    Resume(usize),
    Leave(usize),
    Start(bool, u8),
    SetCounting(Counting),
    Disturb(usize, u8),
}

impl Operation {
    /// The number of bytes of a code.
    pub const CODE: usize = 4;

    /// Returns the operation of a code. Every code is valid, and common operations have many codes.
    pub fn from_code([kind, process, a, b]: [u8; Self::CODE]) -> Self {
        let process = usize::from(process);
        let time = u64::from(a) * u64::from(b);
        match kind / 4 {
            0..16 => Self::Run(time / 8),
            16..18 => Self::Run(time),
            18..28 => Self::Broadcast(process, a),
            28..32 => Self::Gather(process, a),
            32..44 => Self::Ask(process, a, u64::from(b) * 40),
            44 => Self::Cancel(process, a.into()),
            45..47 => Self::Cut(process),
            47 if b % 4 == 0 => Self::TakeDown(u64::from(a) * 100),
            47 => Self::Cut(process),
            48..50 => Self::Deafen(process, if a % 2 == 0 { Hearing::Deaf } else { Hearing::Dropped }),
            50 => Self::Kill(process, a % 2 == 0),
            51 => Self::Leave(process),
            52..54 => Self::Start(a % 4 != 0, b),
            54..56 => Self::Stop(process),
            56..59 => Self::Resume(process),
            59 if a % 2 == 0 => Self::SetCounting(Counting::default()),
            59 => Self::SetCounting(Counting {
                subscribers: (b % 5) as i8 - 1,
                receivers: (b / 5 % 5) as i8 - 1,
                fails: if b > 200 { 100 } else { b % 50 },
            }),
            60.. => Self::Disturb(process, a),
        }
    }

    /// Performs the operation.
    pub fn run(&self, cluster: &mut Cluster) {
        let any = |cluster: &Cluster, number: usize| cluster.any(number).unwrap_or(ProcessKey::MAX);
        match *self {
            Self::Run(millis) => cluster.run(Duration::from_millis(millis)),
            Self::Broadcast(process, to) => {
                let from = any(cluster, process);
                cluster.broadcast(from, namespace(to), &destination(to));
            }
            Self::Gather(process, to) => {
                let from = any(cluster, process);
                cluster.gather(from, namespace(to), &destination(to));
            }
            Self::Ask(process, kind, millis) => {
                let (from, namespace) = (any(cluster, process), namespace(kind));
                let inquiry = Inquiry::ALL[usize::from(kind / 8) % Inquiry::ALL.len()];
                let one = if inquiry == Inquiry::Single { cluster.one(namespace, from) } else { None };
                let to = one.unwrap_or_else(|| destination(kind));
                cluster.ask(from, namespace, inquiry, &to, Duration::from_millis(millis));
            }
            Self::Cancel(process, number) => cluster.cancel(any(cluster, process), number),
            Self::Cut(process) => cluster.cut(any(cluster, process)),
            Self::TakeDown(millis) => cluster.take_down(Duration::from_millis(millis)),
            Self::Deafen(process, hearing) => cluster.deafen(any(cluster, process), hearing),
            Self::Kill(process, host) if cluster.processes().len() > 1 => {
                cluster.kill(any(cluster, process), host);
            }
            Self::Leave(process) if cluster.processes().len() > 1 => cluster.leave(any(cluster, process)),
            Self::Kill(..) | Self::Leave(_) => {}
            Self::Start(ours, sockets) if cluster.processes().len() < MAX_PROCESSES => {
                let plans = plans(cluster, sockets);
                cluster.start(ours, plans);
            }
            Self::Start(..) => {}
            Self::Stop(process) => cluster.stop(any(cluster, process)),
            Self::Resume(process) => cluster.resume(any(cluster, process)),
            Self::SetCounting(counting) => cluster.set_counting(counting),
            Self::Disturb(process, number) => cluster.disturb(any(cluster, process), number),
        }
    }
}

/// The maximum number of processes that operations start.
const MAX_PROCESSES: usize = 8;

const ROOMS: [&str; 4] = ["a", "b", "c", "d"];

/// Returns a random plan for one namespace or two.
pub(super) fn plans(cluster: &mut Cluster, sockets: u8) -> Vec<Plan> {
    let random = cluster.random();
    let namespaces = 1 + usize::from(!sockets.is_multiple_of(4));
    let mut socket = |_| ROOMS.into_iter().filter(|_| random.chance(30)).collect();
    (0..namespaces).map(|_| (0..sockets / 4 % 5).map(&mut socket).collect()).collect()
}

/// Returns a destination of a few rooms.
pub(super) fn destination(number: u8) -> Destination {
    let room = |at: u8| ROOMS[usize::from(at) % ROOMS.len()].to_owned();
    let (one, other) = (room(number), room(number / 4));
    match number / 16 % 4 {
        0 => Destination::default(),
        1 => Destination { rooms: vec![one], except: Vec::new() },
        2 => Destination { rooms: vec![one, other], except: Vec::new() },
        _ => Destination { rooms: vec![one], except: vec![other] },
    }
}

fn namespace(number: u8) -> usize {
    usize::from(number.is_multiple_of(3))
}

impl Cluster {
    /// Starts processes with random sockets in random rooms: some of this implementation, and some of another one.
    pub fn populate(&mut self, ours: usize, others: usize) {
        for number in 0..ours + others {
            let sockets = self.random().byte();
            let plans = plans(self, sockets);
            self.start(number < ours, plans);
        }
    }

    /// Asserts that the cluster works, with a random process and destination.
    pub fn assert_works(&mut self) {
        let (process, namespace) = (self.random().byte(), self.random().below(2) as usize);
        let to = destination(self.random().byte());
        if let Some(from) = self.any(process.into()) {
            self.assert_whole(from, namespace, &to);
        }
    }
}
