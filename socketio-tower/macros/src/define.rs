use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use crate::block::Block;
use crate::method::{Method, Role};

impl Block {
    /// The block, and the implementation of `Namespace` beside it. `root` is the path of socketio-tower.
    pub(crate) fn expand(self, root: &Path) -> TokenStream {
        let Self { item, methods, errors } = self;
        let errors = errors.into_iter().map(syn::Error::into_compile_error);
        if item.trait_.is_some() {
            return quote! { #item #(#errors)* };
        }
        let (parameters, _, conditions) = item.generics.split_for_impl();
        let namespace = &item.self_ty;
        let methods = methods.iter().map(|method| method.register(root));
        // Also when there are errors: otherwise whoever uses the type as a namespace would be reported as well.
        quote! {
            #item

            #[automatically_derived]
            impl #parameters #root::Namespace for #namespace #conditions {
                #[allow(unused_variables, deprecated)]
                fn define(ns: &mut #root::NamespaceBuilder, instance: #root::Instance<Self>) {
                    #(#methods)*
                }
            }

            #(#errors)*
        }
    }

    /// The block alone, and an error.
    pub(crate) fn refuse(self, error: &syn::Error) -> TokenStream {
        let (item, error) = (self.item, error.to_compile_error());
        quote! { #item #error }
    }
}

impl Method {
    /// The statement that adds the method to the builder `ns`.
    fn register(&self, root: &Path) -> TokenStream {
        let event = (format_ident!("EventContext"), quote!(EventReply > ::reply));
        let connect = (format_ident!("ConnectContext"), quote!(NoReply > ::outcome));
        let disconnect = (format_ident!("DisconnectContext"), quote!(NoReply > ::outcome));
        let middleware = (format_ident!("ConnectContext"), quote!(ConnectReply > ::verdict));
        let ((context, reply), add) = match &self.role {
            Role::Event(name) => (event, quote!(on(#name, handler))),
            Role::Fallback => (event, quote!(fallback(handler))),
            Role::Connect => (connect, quote!(on_connect(handler))),
            Role::Disconnect => (disconnect, quote!(on_disconnect(handler))),
            Role::Middleware => (middleware, quote!(middleware(handler))),
            Role::Error => return self.register_error_hook(root),
        };
        let context = quote!(#root::handler::#context);
        let (conditions, ident, arguments) = (&self.conditions, &self.ident, &self.arguments);
        let values: Vec<_> = (0..arguments.len()).map(|index| format_ident!("argument{index}")).collect();
        let extractors = arguments.iter().map(
            |argument| quote_spanned!(at(argument.span())=> <#argument as #root::handler::Extract<#context>>),
        );
        let extractors: Vec<_> = extractors.collect();
        let reply = quote_spanned!(at(self.reply_span)=> <_ as #root::handler::#reply);
        let handler = quote_spanned! {at(ident.span())=>
            instance.method(|this, context: &mut #context| {
                #(let #values = #extractors::extract(context)?;)*
                ::core::result::Result::Ok(async move {
                    #root::__private::Returned(this.#ident(#(#values),*).await, #reply)
                })
            })
        };
        quote! {
            #(#conditions)*
            {
                let handler = #handler;
                ns.#add;
                ns.require(|requirements| { #(#extractors::require(requirements);)* });
            }
        }
    }

    /// What the error hook is told is borrowed, so it is no handler.
    fn register_error_hook(&self, root: &Path) -> TokenStream {
        let (conditions, ident) = (&self.conditions, &self.ident);
        let call = quote_spanned!(at(ident.span())=> this.#ident(error));
        quote! {
            #(#conditions)*
            {
                let instance = instance.clone();
                ns.on_error(move |error: #root::handler::ErrorContext<'_>| {
                    let this = error.socket().and_then(|socket| instance.of(socket));
                    if let ::core::option::Option::Some(this) = this {
                        #call;
                    }
                });
            }
        }
    }
}

/// A place in the source, but not as if it was written there: lints have nothing to say about it.
fn at(place: Span) -> Span {
    Span::call_site().located_at(place)
}
