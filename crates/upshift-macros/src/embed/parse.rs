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
    pub lint: LintArguments,
}

/// What the caller said about lint, as written.
#[derive(Default)]
pub(crate) struct LintArguments {
    /// `lint`: no finding counts for more.
    pub most: Option<LitStr>,
    /// `lint_since`: the first version that is looked at.
    pub since: Option<LitStr>,
    /// `lint_rules`: `rule = level`, with commas.
    pub rules: Option<LitStr>,
    /// `lint_schema`: a file with the schema that is there before the first migration.
    pub schema: Option<LitStr>,
    /// `postgres`: `14`, or `14-17`.
    pub postgres: Option<LitStr>,
}

impl LintArguments {
    /// The value that an argument of this name is kept in.
    fn of_name(&mut self, name: &str) -> Option<&mut Option<LitStr>> {
        match name {
            "lint" => Some(&mut self.most),
            "lint_since" => Some(&mut self.since),
            "lint_rules" => Some(&mut self.rules),
            "lint_schema" => Some(&mut self.schema),
            "postgres" => Some(&mut self.postgres),
            _ => None,
        }
    }
}

/// Understands the arguments, or tells everything that is wrong with them.
pub(crate) fn parse(arguments: TokenStream) -> Result<Arguments, Mistakes> {
    let expressions =
        Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments).map_err(|mistake| vec![mistake])?;
    let mut folder = None;
    let mut layout = None;
    let mut lint = LintArguments::default();
    let mut mistakes = Vec::new();
    for (n, expression) in expressions.into_iter().enumerate() {
        match argument(ungrouped(expression), n) {
            Ok(Argument::Folder(path)) => folder = Some(path),
            Ok(Argument::Layout(span, _)) if layout.is_some() => {
                mistakes.push(Error::new(span, "`layout` is said twice: keep one of them"));
            }
            Ok(Argument::Layout(_, choice)) => layout = Some(choice),
            Ok(Argument::Lint(name, value)) => match lint.of_name(&name) {
                Some(said) if said.is_some() => {
                    mistakes
                        .push(Error::new(value.span(), format!("`{name}` is said twice: keep one of them")));
                }
                Some(said) => *said = Some(value),
                None => mistakes.push(Error::new(value.span(), UNKNOWN)),
            },
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let said = Arguments {
        folder: folder.unwrap_or_else(|| LitStr::new("migrations", Span::call_site())),
        layout: layout.unwrap_or(LayoutChoice::Detect),
        lint,
    };
    none_or(mistakes, said)
}

enum Argument {
    Folder(LitStr),
    Layout(Span, LayoutChoice),
    /// Name and value.
    Lint(String, LitStr),
}

const LINT: &[&str] = &["lint", "lint_since", "lint_rules", "lint_schema", "postgres"];

const UNKNOWN: &str = "unknown argument: there are a folder, `layout = \"…\"`, `lint = \"…\"`, `lint_since = \"…\"`, \
                       `lint_rules = \"…\"`, `lint_schema = \"…\"` and `postgres = \"…\"`";

fn argument(expression: Expr, n: usize) -> Result<Argument, Error> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) if n == 0 => Ok(Argument::Folder(path)),
        Expr::Assign(ExprAssign { left, right, .. }) => match &*left {
            Expr::Path(key) if key.path.is_ident("layout") => {
                layout(*right).map(|(span, choice)| Argument::Layout(span, choice))
            }
            Expr::Path(key)
                if key.path.get_ident().is_some_and(|name| LINT.contains(&name.to_string().as_str())) =>
            {
                let name = key.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match ungrouped(*right) {
                    Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) => Ok(Argument::Lint(name, value)),
                    other => Err(Error::new_spanned(
                        other,
                        format!("`{name}` must be a string literal: it is read while compiling"),
                    )),
                }
            }
            key => Err(Error::new_spanned(key, UNKNOWN)),
        },
        other if n == 0 => Err(Error::new_spanned(
            other,
            "the folder must be a string literal, as in `embed_migrations!(\"migrations\")`: it is read while compiling",
        )),
        other => Err(Error::new_spanned(
            other,
            "one argument too many: there are a folder, and then `name = \"…\"`",
        )),
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
