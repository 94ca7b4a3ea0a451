use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Path, Token, parse_quote};

/// The options in `#[namespace(..)]`.
#[derive(Default)]
pub(crate) struct Options {
    root: Option<Path>,
}

impl Options {
    /// Returns the path of the crate socketio-tower.
    pub(crate) fn root(&self) -> Path {
        self.root.clone().unwrap_or_else(|| parse_quote!(::socketio_tower))
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            if !input.peek(Token![crate]) {
                return Err(input.error(
                    "unknown option; the only one is `crate = \"path\"`. The path of a namespace is given in its \
                     definition: `io.of(\"/path\", |ns| ns.handlers(value))`",
                ));
            }
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            options.root = Some(input.parse::<LitStr>()?.parse_with(Path::parse_mod_style)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}
