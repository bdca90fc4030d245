//! The expansion: names and texts, nothing understood. The run time reads them again, with the same code.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Error, Ident};
use upshift_files::{CodeDown, LayoutChoice};

use super::check::{CodeFile, Folder};
use crate::mistake::compile_errors;

/// One block expression: the Rust files as modules, all files as texts, the source of both.
pub(crate) fn expand(folder: &Folder) -> TokenStream {
    let span = Span::mixed_site().located_at(folder.span);
    let absolute = |path: &str| literal(&format!("{}/{path}", folder.root), span);
    let files = folder.files.iter().map(|path| {
        let (name, file) = (literal(path, span), absolute(path));
        quote_spanned!(span=> ::upshift::__private::SourceFile::embedded(#name, ::core::include_str!(#file)))
    });
    let modules: Vec<Ident> =
        (0..folder.code.len()).map(|n| format_ident!("code_{n}", span = span)).collect();
    let paths = folder.code.iter().map(|code| absolute(&code.path));
    let code = folder.code.iter().zip(&modules).map(|(code, module)| code_migration(code, module, span));
    let (root, fingerprint) = (literal(&folder.root, span), literal(&folder.fingerprint, span));
    let layout = match folder.layout {
        LayoutChoice::Detect => TokenStream::new(),
        LayoutChoice::Is(layout) => {
            // The variant is its own name in `Debug`.
            let layout = Ident::new(&format!("{layout:?}"), span);
            quote_spanned!(span=> .layout(::upshift::Layout::#layout))
        }
    };
    let warnings = folder.warnings.iter().map(|warning| {
        let note = literal(&format!("\n{warning}"), span);
        // Only this makes a warning on stable Rust: the use of something deprecated, which is said with its note.
        quote_spanned!(span=> const _: () = { #[deprecated(note = #note)] const LINT: () = (); LINT };)
    });
    let schema = folder.schema.as_deref().map(|path| literal(path, span));
    let schema = schema
        .map(|path| quote_spanned!(span=> const _: &::core::primitive::str = ::core::include_str!(#path);));
    // The root is compared with in debug builds only: a release must not depend on where it was built.
    quote_spanned! {span=> {
        #(#[allow(unreachable_pub, clippy::duplicate_mod)] #[path = #paths] mod #modules;)*
        #(#warnings)*
        #schema
        const FILES: &[::upshift::__private::SourceFile] = &[#(#files,)*];
        const CODE: &[::upshift::__private::CodeMigration] = &[#(#code,)*];
        const ROOT: &::core::primitive::str = if ::core::cfg!(debug_assertions) { #root } else { "" };
        ::upshift::__private::Source::embedded(ROOT, FILES, CODE)#layout.settled_as(#fingerprint)
    }}
}

fn code_migration(code: &CodeFile, module: &Ident, span: Span) -> TokenStream {
    let path = literal(&code.path, span);
    let down = match code.down {
        CodeDown::Absent => quote_spanned!(span=> ::core::option::Option::None),
        CodeDown::Present => {
            quote_spanned!(span=> ::core::option::Option::Some(|step| ::std::boxed::Box::pin(#module::down(step))))
        }
    };
    quote_spanned! {span=>
        ::upshift::__private::CodeMigration::file(#path, |step| ::std::boxed::Box::pin(#module::up(step)), #down)
    }
}

/// Every mistake, and a source without files.
pub(crate) fn fallback(mistakes: &[Error]) -> TokenStream {
    let mistakes = compile_errors(mistakes);
    quote! {{
        #mistakes
        ::upshift::__private::Source::embedded("", &[], &[])
    }}
}

fn literal(text: &str, span: Span) -> Literal {
    let mut literal = Literal::string(text);
    literal.set_span(span);
    literal
}
