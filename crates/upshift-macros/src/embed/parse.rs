//! The arguments: a folder, and the layout it is written in.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprAssign, ExprLit, Lit, LitStr, Token};
use upshift_files::{Layout, LayoutChoice};

use crate::mistake::{Mistakes, none_or};

/// What the caller said.
pub(crate) struct Arguments {
    /// The folder, from where `Cargo.toml` is.
    pub folder: LitStr,
    pub layout: LayoutChoice,
}

/// Understands the arguments, or tells everything that is wrong with them.
pub(crate) fn parse(arguments: TokenStream) -> Result<Arguments, Mistakes> {
    let expressions =
        Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments).map_err(|mistake| vec![mistake])?;
    let mut folder = None;
    let mut layout = None;
    let mut mistakes = Vec::new();
    for (n, expression) in expressions.into_iter().enumerate() {
        match argument(ungrouped(expression), n) {
            Ok(Argument::Folder(path)) => folder = Some(path),
            Ok(Argument::Layout(span, _)) if layout.is_some() => {
                mistakes.push(Error::new(span, "`layout` is said twice: keep one of them"));
            }
            Ok(Argument::Layout(_, choice)) => layout = Some(choice),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let said = Arguments {
        folder: folder.unwrap_or_else(|| LitStr::new("migrations", Span::call_site())),
        layout: layout.unwrap_or(LayoutChoice::Detect),
    };
    none_or(mistakes, said)
}

enum Argument {
    Folder(LitStr),
    Layout(Span, LayoutChoice),
}

fn argument(expression: Expr, n: usize) -> Result<Argument, Error> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) if n == 0 => Ok(Argument::Folder(path)),
        Expr::Assign(ExprAssign { left, right, .. }) => match &*left {
            Expr::Path(key) if key.path.is_ident("layout") => {
                layout(*right).map(|(span, choice)| Argument::Layout(span, choice))
            }
            key => Err(Error::new_spanned(key, "unknown argument: there are a folder and `layout = \"…\"`")),
        },
        other if n == 0 => Err(Error::new_spanned(
            other,
            "the folder must be a string literal, as in `embed_migrations!(\"migrations\")`: it is read while compiling",
        )),
        other => {
            Err(Error::new_spanned(other, "one argument too many: there are a folder and `layout = \"…\"`"))
        }
    }
}

fn layout(value: Expr) -> Result<(Span, LayoutChoice), Error> {
    match ungrouped(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => match name.value().parse::<Layout>() {
            Ok(layout) => Ok((name.span(), LayoutChoice::Is(layout))),
            Err(error) => Err(Error::new(name.span(), error)),
        },
        other => {
            Err(Error::new_spanned(other, "the layout must be a string literal, as in `layout = \"goose\"`"))
        }
    }
}

/// A literal that came through another macro is wrapped in a group nobody sees.
fn ungrouped(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}
