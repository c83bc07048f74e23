//! Operators: their tokens for the parser, and which of PostgreSQL's are known to be deterministic.
//!
//! Invariant: an operator that is not on the list may have been defined by a user, and then does anything.

use sqlparser::tokenizer::Token;

/// The parser's token; any binary operator will do where it has none of its own, for the tree is read for names.
pub(super) fn operator(text: &str) -> Token {
    match text {
        "=" | "==" => Token::Eq,
        "<>" | "!=" => Token::Neq,
        "<" => Token::Lt,
        ">" => Token::Gt,
        "<=" => Token::LtEq,
        ">=" => Token::GtEq,
        "<=>" => Token::Spaceship,
        "+" => Token::Plus,
        "-" => Token::Minus,
        "*" => Token::Mul,
        "/" => Token::Div,
        "%" => Token::Mod,
        "||" => Token::StringConcat,
        "&" => Token::Ampersand,
        "|" => Token::Pipe,
        "^" => Token::Caret,
        "~" => Token::Tilde,
        "!" => Token::ExclamationMark,
        "::" => Token::DoubleColon,
        ":=" => Token::Assignment,
        "=>" => Token::RArrow,
        "->" => Token::Arrow,
        "->>" => Token::LongArrow,
        "@" => Token::AtSign,
        "|/" => Token::PGSquareRoot,
        "||/" => Token::PGCubeRoot,
        // Prefix and infix alike would be ambiguous with the parser's own tokens for geometry.
        other => Token::CustomBinaryOperator(other.to_owned()),
    }
}

/// PostgreSQL's own operators and those of pg_trgm, ltree, hstore, intarray and pgvector, all of them immutable or
/// fixed by the session's settings.
const POSTGRES: &[&str] = &[
    "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "^", "|/", "||/", "@", "&", "|", "#",
    "~", "<<", ">>", "||", "~~", "!~~", "~~*", "!~~*", "~*", "!~", "!~*", "^@", "->", "->>", "#>", "#>>",
    "@>", "<@", "?", "?|", "?&", "#-", "@?", "@@", "@@@", "&&", "&<", "&>", "-|-", "<->", "<<|", "|>>",
    "&<|", "|&>", "<^", ">^", "?#", "?-", "?|", "?-|", "?||", "~=", "##", "@-@", "<<=", ">>=", "*=", "*<>",
    "*<", "*>", "*<=", "*>=", "~<~", "~<=~", "~>=~", "~>~", "!!", "::", ":=", "=>", "<%", "%>", "<<%", "%>>",
    "<<->", "<->>", "<<<->", "<->>>", "<=>", "<#>", "<+>", "<~>", "<%>", "~>", "@+",
];

/// Whether no user can have put code of their own behind this operator of PostgreSQL, short of replacing a built-in.
pub(super) fn is_known_in_postgres(text: &str) -> bool {
    POSTGRES.contains(&text)
}
