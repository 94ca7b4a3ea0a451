use std::fmt;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, Ident, ImplItemFn, LitStr, Meta, Receiver, ReceiverKind, ReturnType, Safety, Type,
};

/// A method that is a handler or a hook.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) role: Role,
    /// The position in the source that determines the role.
    pub(crate) role_span: Span,
    /// The `cfg` attributes of the method.
    pub(crate) conditions: Vec<Attribute>,
    /// The types of its arguments, without the receiver.
    pub(crate) arguments: Vec<Type>,
    /// The return type, or `_` if it cannot be named.
    pub(crate) returned: TokenStream,
}

/// The role of a method.
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
    /// Reads a function and removes this crate's attributes from it.
    pub(crate) fn take(function: &mut ImplItemFn) -> syn::Result<Self> {
        let (role, role_span) = role(function)?;
        let signature = &function.sig;
        check_receiver(function)?;
        if !signature.generics.params.is_empty() {
            let message = "a handler cannot have generic parameters";
            return Err(syn::Error::new_spanned(&signature.generics.params, message));
        }
        if let Safety::Unsafe(keyword) = &signature.safety {
            return Err(syn::Error::new_spanned(keyword, "a handler cannot be `unsafe`"));
        }
        match (&role, &signature.asyncness) {
            (Role::Error, Some(keyword)) => {
                let message = "the error hook cannot be `async`: `fn error(&self, error: ErrorContext<'_>)`";
                return Err(syn::Error::new_spanned(keyword, message));
            }
            (Role::Error, None) | (_, Some(_)) => {}
            (_, None) => {
                let message = format!("a handler must be `async`; {ELSEWHERE}");
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

/// Returns the role of a method, given by this crate's attribute or else by the method's name.
fn role(function: &mut ImplItemFn) -> syn::Result<(Role, Span)> {
    let (own, others) = function.attrs.drain(..).partition(|attribute| {
        ["on", "middleware", "fallback"].iter().any(|name| attribute.path().is_ident(name))
    });
    function.attrs = others;
    let own: Vec<Attribute> = own;
    if let Some(second) = own.get(1) {
        return Err(syn::Error::new_spanned(second, "a method can have only one role"));
    }
    let Some(attribute) = own.first() else { return role_by_name(&function.sig.ident) };
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

/// The reserved names of `socketio_core::namespace::is_reserved`, repeated so that the macro does not depend on the
/// protocol crate. A name missing here is reported when the layer is created.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

const ELSEWHERE: &str = "put other functions into an `impl` block without `#[namespace]`";

fn check_receiver(function: &ImplItemFn) -> syn::Result<()> {
    let message = match function.sig.inputs.first() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => return Ok(()),
        Some(FnArg::Receiver(_)) => {
            "a handler must take `&self`: the value is shared with handlers that run concurrently".into()
        }
        _ => format!("a handler must take `&self` first; {ELSEWHERE}"),
    };
    Err(match function.sig.inputs.first() {
        Some(argument) => syn::Error::new_spanned(argument, message),
        None => syn::Error::new_spanned(&function.sig.ident, message),
    })
}

/// Returns `true` for `&self`.
fn is_shared(receiver: &Receiver) -> bool {
    matches!(receiver.kind, ReceiverKind::Reference(_, _, None))
}

fn arguments(function: &ImplItemFn) -> syn::Result<Vec<Type>> {
    let types = function.sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(argument) => Some(&*argument.ty),
        FnArg::Receiver(_) => None,
    });
    let checked = types.map(|argument| match is_anonymous(argument) {
        true => {
            let message = "an argument of a handler cannot be `impl Trait`";
            Err(syn::Error::new_spanned(argument, message))
        }
        false => Ok(argument.clone()),
    });
    checked.collect()
}

/// Returns `true` if the type contains an `impl Trait`.
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

/// Writes the role as it appears in error messages.
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
