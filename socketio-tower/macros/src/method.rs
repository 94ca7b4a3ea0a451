use std::fmt;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, Ident, ImplItemFn, LitStr, Meta, Receiver, ReceiverKind, ReturnType, Safety, Type,
};

/// A method that handles something.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) role: Role,
    /// Where it is said what the method handles.
    pub(crate) role_span: Span,
    /// The conditions under which it is there.
    pub(crate) conditions: Vec<Attribute>,
    /// The types of its arguments, without the receiver.
    pub(crate) arguments: Vec<Type>,
    /// The type of what it returns; `_` if it has no name.
    pub(crate) returned: TokenStream,
}

/// What a method handles.
#[derive(PartialEq, Eq)]
pub(crate) enum Role {
    Event(String),
    Fallback,
    Connect,
    Disconnect,
    Error,
    Middleware,
}

impl Method {
    /// Looks at a function, and takes our attributes off it.
    pub(crate) fn take(function: &mut ImplItemFn) -> syn::Result<Self> {
        let (role, role_span) = role(function)?;
        let signature = &function.sig;
        check_receiver(function)?;
        if !signature.generics.params.is_empty() {
            let message = "a handler has no generic parameters: the types of its arguments are known";
            return Err(syn::Error::new_spanned(&signature.generics.params, message));
        }
        if let Safety::Unsafe(keyword) = &signature.safety {
            return Err(syn::Error::new_spanned(keyword, "a handler is not `unsafe`"));
        }
        match (&role, &signature.asyncness) {
            (Role::Error, Some(keyword)) => {
                let message = "the error hook is not `async`: `fn error(&self, error: ErrorContext<'_>)`";
                return Err(syn::Error::new_spanned(keyword, message));
            }
            (Role::Error, None) | (_, Some(_)) => {}
            (_, None) => {
                let message = format!("a handler is `async`; {ELSEWHERE}");
                return Err(syn::Error::new_spanned(signature.fn_token, message));
            }
        }
        let is_condition = |attribute: &&Attribute| attribute.path().is_ident("cfg");
        Ok(Self {
            role,
            role_span,
            conditions: function.attrs.iter().filter(is_condition).cloned().collect(),
            arguments: arguments(function)?,
            returned: match &signature.output {
                ReturnType::Default => quote!(()),
                ReturnType::Type(_, returned) if is_anonymous(returned) => {
                    quote_spanned!(returned.span()=> _)
                }
                ReturnType::Type(_, returned) => returned.to_token_stream(),
            },
            ident: signature.ident.clone(),
        })
    }

    pub(crate) fn is_conditional(&self) -> bool {
        !self.conditions.is_empty()
    }
}

/// Our attribute, or else the name, says what a method handles.
fn role(function: &mut ImplItemFn) -> syn::Result<(Role, Span)> {
    let (ours, others) = function.attrs.drain(..).partition(|attribute| {
        ["on", "middleware", "fallback"].iter().any(|name| attribute.path().is_ident(name))
    });
    function.attrs = others;
    let ours: Vec<Attribute> = ours;
    if let Some(second) = ours.get(1) {
        return Err(syn::Error::new_spanned(second, "a method handles one thing"));
    }
    let Some(attribute) = ours.first() else { return role_by_name(&function.sig.ident) };
    if attribute.path().is_ident("on") {
        let name = attribute.parse_args::<LitStr>().map_err(|error| {
            syn::Error::new(error.span(), "expected the name of the event: `#[on(\"name\")]`")
        })?;
        return Ok((Role::Event(unreserved(name.value(), name.span())?), name.span()));
    }
    let Meta::Path(path) = &attribute.meta else {
        return Err(syn::Error::new_spanned(&attribute.meta, "this attribute takes no arguments"));
    };
    let role = if path.is_ident("fallback") { Role::Fallback } else { Role::Middleware };
    Ok((role, path.span()))
}

fn role_by_name(ident: &Ident) -> syn::Result<(Role, Span)> {
    let name = ident.unraw().to_string();
    let role = match name.as_str() {
        "connect" => Role::Connect,
        "disconnect" => Role::Disconnect,
        "error" => Role::Error,
        _ => Role::Event(unreserved(name, ident.span())?),
    };
    Ok((role, ident.span()))
}

fn unreserved(name: String, span: Span) -> syn::Result<String> {
    if RESERVED.contains(&name.as_str()) {
        let message = format!("`{name}` is an event of the protocol; it cannot have a handler");
        return Err(syn::Error::new(span, message));
    }
    Ok(name)
}

/// The names that `socketio_core::namespace::is_reserved` knows, repeated so that the compiler need not build the
/// protocol to run this. A name that is missing here is refused when the layer is made.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

const ELSEWHERE: &str = "other functions belong into an `impl` block without `#[namespace]`";

fn check_receiver(function: &ImplItemFn) -> syn::Result<()> {
    let message = match function.sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => return Ok(()),
        Some(FnArg::Receiver(_)) => {
            "a handler takes `&self`: the value is shared with handlers that run beside it".into()
        }
        _ => format!("a handler takes `&self` first; {ELSEWHERE}"),
    };
    Err(match function.sig.inputs.first() {
        Some(argument) => syn::Error::new_spanned(argument, message),
        None => syn::Error::new_spanned(&function.sig.ident, message),
    })
}

/// Whether it is `&self`.
fn is_shared(receiver: &Receiver) -> bool {
    matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
}

fn arguments(function: &ImplItemFn) -> syn::Result<Vec<Type>> {
    let types = function.sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(&*argument.ty),
        FnArg::Receiver(_) => None,
    });
    let known = types.map(|argument| match is_anonymous(argument) {
        true => {
            let message = "the types of a handler's arguments are known: no `impl Trait`";
            Err(syn::Error::new_spanned(argument, message))
        }
        false => Ok(argument.clone()),
    });
    known.collect()
}

/// Whether there is an `impl Trait` in it.
fn is_anonymous(of: &Type) -> bool {
    fn has_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => has_impl(group.stream()),
            _ => false,
        })
    }
    has_impl(of.to_token_stream())
}

/// As it stands in messages.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(name) => write!(f, "the handler of {name:?}"),
            Self::Fallback => f.write_str("the fallback"),
            Self::Connect => f.write_str("the connect hook"),
            Self::Disconnect => f.write_str("the disconnect hook"),
            Self::Error => f.write_str("the error hook"),
            Self::Middleware => f.write_str("a middleware"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RESERVED;

    #[test]
    fn the_core_reserves_these_names() {
        for name in RESERVED {
            assert!(socketio_core::namespace::is_reserved(name), "{name}");
        }
    }
}
