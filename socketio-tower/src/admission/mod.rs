//! Admission of requests and decoration of responses: hooks, origins, cookies, client files.

mod hook;
pub(crate) use hook::{AdmissionHook, Decision};

mod origins;
pub use origins::Origins;

mod cookie;
pub use cookie::{SameSite, SessionCookie};

mod client_files;
pub use client_files::{ClientFiles, Encoding};

mod rejection;
pub use rejection::Rejection;

mod settings;
pub(crate) use settings::RequestSettings;
