use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process and its children open as many files as the system allows; tells how many that are.
pub fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    // Worth a try; what then holds is asked again, and a record says how many connections there were.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
