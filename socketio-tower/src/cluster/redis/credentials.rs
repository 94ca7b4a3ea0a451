use std::fmt;

/// The name and password of a user of Redis. `Debug` does not print the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) username: Option<Box<str>>,
    pub(super) password: Option<Box<str>>,
}

impl Credentials {
    /// Returns the user name and the password to log in with, if any are set.
    pub(super) fn login(&self) -> Option<(&str, &str)> {
        let Self { username, password } = self;
        (username.is_some() || password.is_some())
            .then(|| (username.as_deref().unwrap_or("default"), password.as_deref().unwrap_or_default()))
    }

    /// Hides the password in a text of the server. Redis before 6 repeats the arguments of unknown commands.
    pub(super) fn redact(&self, text: &str) -> Box<str> {
        match self.password.as_deref() {
            Some(password) if !password.is_empty() && text.contains(password) => {
                "a reply that contains the password".into()
            }
            _ => text.into(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| format_args!("<hidden>").to_string());
        f.debug_struct("Credentials").field("username", &self.username).field("password", &password).finish()
    }
}
