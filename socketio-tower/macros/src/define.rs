use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Path, Type};

use crate::block::Block;
use crate::method::{Method, Role};

impl Block {
    /// Returns the block and the implementation of `NamespaceHandlers`. `root` is the path of socketio-tower.
    pub(crate) fn expand(self, root: &Path) -> TokenStream {
        let Self { item, methods, errors } = self;
        let errors = errors.into_iter().map(syn::Error::into_compile_error);
        if item.trait_.is_some() {
            return quote! { #item #(#errors)* };
        }
        let (parameters, _, conditions) = item.generics.split_for_impl();
        let namespace = &item.self_ty;
        let methods = methods.iter().map(|method| method.register(root));
        // Implemented even after errors: otherwise the compiler would also report each use of the type as a namespace.
        quote! {
            #item

            #[automatically_derived]
            impl #parameters #root::NamespaceHandlers for #namespace #conditions {
                #[allow(unused_variables, deprecated)]
                fn define(ns: &mut #root::NamespaceBuilder, instance: #root::Instance<Self>) {
                    #(#methods)*
                }
            }

            #(#errors)*
        }
    }
}

impl Method {
    /// Returns the statement that adds the method to the builder `ns`.
    fn register(&self, root: &Path) -> TokenStream {
        let (handler, extract) = (quote!(#root::handler), quote!(#root::extract));
        let returned = &self.returned;
        let span = at(returned.span());
        let reply = (
            quote!(answering),
            quote_spanned!(span=> |reply, ack| <#returned as #handler::EventReply>::reply(reply, ack)),
        );
        let outcome =
            (quote!(silent), quote_spanned!(span=> |reply| <#returned as #handler::NoReply>::outcome(reply)));
        let verdict = (
            quote!(admitting),
            quote_spanned!(span=> |reply| <#returned as #handler::ConnectReply>::verdict(reply)),
        );
        let event = quote!(#extract::EventContext);
        let connect = quote!(#extract::ConnectContext);
        let disconnect = quote!(#extract::DisconnectContext);
        // The last element is how setup errors name the method.
        let (context, (constructor, finish), add, setter) = match &self.role {
            Role::Event(name) => (event, reply, quote!(on(#name, handler)), format!("on({name:?}, …)")),
            Role::Fallback => (event, reply, quote!(fallback(handler)), "fallback(…)".to_owned()),
            Role::Connect => (connect, outcome, quote!(on_connect(handler)), "on_connect(…)".to_owned()),
            Role::Disconnect => {
                (disconnect, outcome, quote!(on_disconnect(handler)), "on_disconnect(…)".to_owned())
            }
            Role::Middleware => (connect, verdict, quote!(middleware(handler)), "middleware(…)".to_owned()),
            Role::Error => return self.register_error_hook(root),
        };
        let (conditions, ident, arguments) = (&self.conditions, &self.ident, &self.arguments);
        let values: Vec<_> = (0..arguments.len()).map(|index| format_ident!("argument{index}")).collect();
        let extractor = |argument: &Type| {
            let span = at(argument.span());
            quote_spanned!(span=> <#argument as #extract::Extract<#context>>)
        };
        let extractors: Vec<_> = arguments.iter().map(extractor).collect();
        // Called by its path, because `Arc` has methods such as `clone`.
        let method = quote_spanned! {at(ident.span())=>
            instance.method(|this, context: &mut #context| {
                #(let #values = #extractors::extract(context)?;)*
                ::core::result::Result::Ok(async move {
                    #root::__private::Returned::#constructor(Self::#ident(&this, #(#values),*).await, #finish)
                })
            })
        };
        quote! {
            #(#conditions)*
            {
                let handler = #method;
                ns.#add;
                ns.require(#setter, |requirements| { #(#extractors::require(requirements);)* });
            }
        }
    }

    /// Returns the statement that sets the error hook. It is not a handler, because its argument is borrowed.
    fn register_error_hook(&self, root: &Path) -> TokenStream {
        let (conditions, ident) = (&self.conditions, &self.ident);
        let call = quote_spanned!(at(ident.span())=> Self::#ident(&this, error));
        quote! {
            #(#conditions)*
            {
                let instance = instance.clone();
                ns.on_error(move |error: #root::handler::ErrorContext<'_>| {
                    match error.socket().and_then(|socket| instance.of(socket)) {
                        ::core::option::Option::Some(this) => #call,
                        ::core::option::Option::None => error.unclaimed(),
                    }
                });
            }
        }
    }
}

/// Returns a span at a position in the source without its hygiene, so that lints ignore the generated code.
fn at(position: Span) -> Span {
    Span::call_site().located_at(position)
}

#[cfg(test)]
mod tests {
    use syn::{ItemImpl, parse_quote};

    use super::Block;

    fn block() -> ItemImpl {
        parse_quote! {
            /// Documented.
            #[allow(dead_code)]
            impl<S: Store> Chat<S> where S: Clone {
                /// Documented too.
                #[middleware]
                #[must_use]
                async fn admit(&self) -> Result<(), String> { Ok(()) }
                #[on("user message")]
                async fn message(&self, Data(text): Data<String>) { drop(text) }
                #[cfg(unix)]
                async fn signal(&self) {}
                fn error(&self, error: ErrorContext<'_>) { drop(error) }
                async fn disconnect(&self) {}
            }
        }
    }

    #[test]
    fn the_block_stays_without_our_attributes() {
        let tokens = Block::new(block()).expand(&parse_quote!(::socketio_tower));
        let file: syn::File = syn::parse2(tokens).expect("items");
        let expected: ItemImpl = parse_quote! {
            /// Documented.
            #[allow(dead_code)]
            impl<S: Store> Chat<S> where S: Clone {
                /// Documented too.
                #[must_use]
                async fn admit(&self) -> Result<(), String> { Ok(()) }
                async fn message(&self, Data(text): Data<String>) { drop(text) }
                #[cfg(unix)]
                async fn signal(&self) {}
                fn error(&self, error: ErrorContext<'_>) { drop(error) }
                async fn disconnect(&self) {}
            }
        };
        let [syn::Item::Impl(first), syn::Item::Impl(_)] = &file.items[..] else { panic!("two blocks") };
        assert_eq!(quote::quote!(#first).to_string(), quote::quote!(#expected).to_string());
    }

    /// The crate may be imported under another name than `socketio_tower`.
    #[test]
    fn every_path_begins_with_the_given_root() {
        let tokens = Block::new(block()).expand(&parse_quote!(elsewhere::io)).to_string();
        assert!(tokens.contains("elsewhere :: io :: NamespaceHandlers for Chat < S >"), "{tokens}");
        assert!(!tokens.contains("socketio_tower"), "{tokens}");
    }
}
