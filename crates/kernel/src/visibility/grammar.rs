//! From text to SQL expressions. The grammar is MySQL's, as in the reference, with `STARTS_WITH` added: names may be
//! back-quoted, strings stand in single or double quotes, `&&` and `||` are `AND` and `OR`.
//!
//! A refusal points at the token that can't be, counted as the reference counts: in bytes of the statement that it
//! builds around the conditions. Size and nesting are limited, so that no query can exhaust the stack.

use std::any::TypeId;

use sqlparser::{
    ast::{BinaryOperator, Expr},
    dialect::{Dialect, MySqlDialect, Precedence},
    keywords::Keyword,
    parser::{Parser, ParserError},
    tokenizer::{Location, Token, TokenWithSpan, Tokenizer},
};

/// Tokens of a query, without counting literals and the commas between them: a long `IN` is cheap, a long chain of
/// operators is as deep as it is long.
pub(super) const TOKENS_MAX: usize = 4_000;

/// Levels of parentheses and `NOT`, one inside of the other. A level costs the parser up to sixteen kilobytes of stack.
pub(super) const NESTING_MAX: usize = 32;

/// The operators of our own, as the parser hands them on.
pub(crate) const STARTS_WITH: &str = "STARTS_WITH";
/// The negation of `STARTS_WITH`.
pub(crate) const NOT_STARTS_WITH: &str = "NOT STARTS_WITH";

/// What the reference writes in front of conditions.
const CONDITIONS: &str = "select * from table1 where ";
/// What it writes in front of clauses that stand alone.
const CLAUSES: &str = "select * from table1 ";

/// The parts of a query.
#[derive(Debug, Default)]
pub(crate) struct Clauses {
    pub(crate) filter: Option<Expr>,
    pub(super) group_by: Vec<Expr>,
    /// Each with whether it descends.
    pub(super) order_by: Vec<(Expr, bool)>,
    pub(crate) limit: bool,
}

/// Reads the conditions and the clauses behind them.
pub(super) fn parse(text: &str) -> Result<Clauses, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Clauses::default());
    }
    let head = text.get(..8).unwrap_or_default().to_ascii_lowercase();
    read(text, head == "order by" || head == "group by")
}

/// Reads conditions that can't be left out: a clause can't stand alone.
pub(crate) fn parse_conditions(text: &str) -> Result<Clauses, String> {
    let text = text.trim();
    let source = Source { text, offset: CONDITIONS.len(), is_cut: false };
    match source.tokens()?.first() {
        Some(token) if begins_clause(&token.token) => {
            Err(source.near(source.byte(token.span.end), &lexeme(&token.token)))
        }
        _ => read(text, false),
    }
}

fn read(text: &str, only_clauses: bool) -> Result<Clauses, String> {
    let before = if only_clauses { CLAUSES } else { CONDITIONS };
    let source = Source { text, offset: before.len(), is_cut: false };
    let tokens = source.tokens()?;
    let mut parser = Parser::new(&FilterDialect)
        .with_recursion_limit(NESTING_MAX)
        .with_tokens_with_locations(tokens.clone());
    clauses(&mut parser, only_clauses).map_err(|error| source.syntax_error(&error, &tokens))
}

fn clauses(parser: &mut Parser, only_clauses: bool) -> Result<Clauses, ParserError> {
    let mut found = Clauses::default();
    if !only_clauses {
        found.filter = Some(parser.parse_expr()?);
    }
    if parser.parse_keyword(Keyword::GROUP) {
        parser.expect_keyword(Keyword::BY)?;
        found.group_by = parser.parse_comma_separated(Parser::parse_expr)?;
    }
    if parser.parse_keyword(Keyword::ORDER) {
        parser.expect_keyword(Keyword::BY)?;
        found.order_by = parser.parse_comma_separated(|parser| {
            let expression = parser.parse_expr()?;
            let direction = parser.parse_one_of_keywords(&[Keyword::ASC, Keyword::DESC]);
            Ok((expression, direction == Some(Keyword::DESC)))
        })?;
    }
    if parser.parse_keyword(Keyword::LIMIT) {
        found.limit = true;
        parser.parse_expr()?;
        if parser.consume_token(&Token::Comma) || parser.parse_keyword(Keyword::OFFSET) {
            parser.parse_expr()?;
        }
    }
    let _ = parser.consume_token(&Token::SemiColon);
    let next = parser.next_token();
    match next.token {
        Token::EOF => Ok(found),
        _ => parser.expected("end of query", next),
    }
}

/// The text of a query and where it stands in the reference's statement.
struct Source<'a> {
    text: &'a str,
    offset: usize,
    /// Whether it is only the part in front of what can't be read.
    is_cut: bool,
}

impl Source<'_> {
    fn tokens(&self) -> Result<Vec<TokenWithSpan>, String> {
        let tokens = Tokenizer::new(&FilterDialect, self.text).tokenize_with_location();
        let mut tokens = tokens.map_err(|error| {
            let begins = self.byte(error.location);
            let from = self.text.get(begins..).unwrap_or_default();
            let unfinished = || self.near(self.text.len(), from.trim_start_matches(['\'', '"', '`']));
            self.before(begins).unwrap_or_else(unfinished)
        })?;
        if tokens.iter().filter(|token| !is_literal(&token.token)).count() > TOKENS_MAX {
            return Err("malformed SQL query: max ast depth reached".into());
        }
        if let Some([number, _]) = tokens.array_windows().find(|[left, right]| runs_together(left, right)) {
            return Err(self.near(self.byte(number.span.end), &lexeme(&number.token)));
        }
        if let Some(token) = tokens.iter().find(|token| token.token == Token::DoubleEq) {
            return Err(self.near(self.byte(token.span.end), ""));
        }
        self.check_statements(&tokens)?;
        for token in &mut tokens {
            match token.token {
                Token::StringConcat => token.token = Token::make_keyword("OR"),
                Token::Overlap => token.token = Token::make_keyword("AND"),
                _ => {}
            }
        }
        Ok(tokens)
    }

    /// The complaint about a token in front of `end`, behind which the text can't be read.
    fn before(&self, end: usize) -> Option<String> {
        if self.is_cut {
            return None;
        }
        let source = Source { text: self.text.get(..end)?, offset: self.offset, is_cut: true };
        let tokens = source.tokens().ok()?;
        let mut parser = Parser::new(&FilterDialect)
            .with_recursion_limit(NESTING_MAX)
            .with_tokens_with_locations(tokens.clone());
        let error = clauses(&mut parser, false).err()?;
        source.culprit(&error, &tokens).is_some().then(|| source.syntax_error(&error, &tokens))
    }

    /// Refuses what is more than one condition: a second statement, an operator with nothing before it, a query.
    fn check_statements(&self, tokens: &[TokenWithSpan]) -> Result<(), String> {
        let said: Vec<&TokenWithSpan> =
            tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
        let unknown = said.iter().copied().find(|token| is_unknown(&token.token));
        let second =
            said.array_windows().find(|[left, _]| left.token == Token::SemiColon).map(|[_, next]| *next);
        let dangling = said.first().copied().filter(|token| joins(&token.token) || selects(&token.token));
        let doubled = said
            .array_windows()
            .find(|[left, right]| expects_more(&left.token) && joins(&right.token))
            .map(|[_, right]| *right);
        if let Some(token) = second.or(dangling).or(doubled).or(unknown) {
            return Err(self.near(self.byte(token.span.end), &lexeme(&token.token)));
        }
        // The parser takes a lone `NOT` for a name.
        if said
            .iter()
            .rev()
            .find(|token| token.token != Token::EOF)
            .is_some_and(|last| expects_more(&last.token))
        {
            return Err(self.near(self.text.len(), ""));
        }
        let Some(at) = said.iter().position(|token| begins_query(&token.token)) else { return Ok(()) };
        let is_value = at >= 2 && said[at - 1].token == Token::LParen && compares(&said[at - 2].token);
        let is_exists = matches!(&said[at].token, Token::Word(word) if word.keyword == Keyword::EXISTS);
        Err(if is_value {
            "invalid expression: unexpected value type *sqlparser.Subquery".into()
        } else if is_exists {
            "operation is not supported: expression of type *sqlparser.ExistsExpr".into()
        } else {
            "operation is not supported: sub-query".into()
        })
    }

    fn syntax_error(&self, error: &ParserError, tokens: &[TokenWithSpan]) -> String {
        if matches!(error, ParserError::RecursionLimitExceeded) {
            return "malformed SQL query: max nesting level reached".into();
        }
        match self.culprit(error, tokens) {
            Some(token) => self.near(self.byte(token.span.end), &lexeme(&token.token)),
            None => self.near(self.text.len(), ""),
        }
    }

    /// The token that the parser complains about, unless it is the end.
    fn culprit<'t>(&self, error: &ParserError, tokens: &'t [TokenWithSpan]) -> Option<&'t TokenWithSpan> {
        let (ParserError::TokenizerError(message) | ParserError::ParserError(message)) = error else {
            return None;
        };
        location(message).and_then(|at| tokens.iter().find(|token| token.span.start == at))
    }

    /// The parser of the reference has read one byte beyond the token when it complains.
    fn near(&self, end: usize, lexeme: &str) -> String {
        let position = self.offset + end + 1;
        let near = if lexeme.is_empty() { String::new() } else { format!(" near '{lexeme}'") };
        format!("malformed SQL query: syntax error at position {position}{near}")
    }

    /// The byte at which a line and column begin.
    fn byte(&self, at: Location) -> usize {
        let line_index = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let column_index = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let before: usize = self.text.split_inclusive('\n').take(line_index).map(str::len).sum();
        let line = self.text.get(before..).unwrap_or_default();
        before + line.char_indices().nth(column_index).map_or(line.len(), |(byte, _)| byte)
    }
}

/// `5x` is neither a number nor a name.
fn runs_together(left: &TokenWithSpan, right: &TokenWithSpan) -> bool {
    matches!(left.token, Token::Number(..)) && matches!(right.token, Token::Word(_))
}

/// Queries inside of queries are refused before the parser sees them: each would cost it several levels of nesting.
fn joins(token: &Token) -> bool {
    matches!(token, Token::Word(word) if matches!(word.keyword, Keyword::AND | Keyword::OR))
}

/// Words behind which a condition has to stand.
fn expects_more(token: &Token) -> bool {
    joins(token)
        || matches!(token, Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::NOT)
}

fn selects(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.keyword == Keyword::SELECT)
}

fn begins_clause(token: &Token) -> bool {
    matches!(token, Token::Word(word) if matches!(word.keyword, Keyword::ORDER | Keyword::GROUP))
}

/// Operators that the reference's grammar lacks.
fn is_unknown(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::XOR)
}

fn compares(token: &Token) -> bool {
    let is_in = matches!(token, Token::Word(word) if word.keyword == Keyword::IN);
    is_in || matches!(token, Token::Eq | Token::Neq | Token::Lt | Token::LtEq | Token::Gt | Token::GtEq)
}

fn begins_query(token: &Token) -> bool {
    let Token::Word(word) = token else { return false };
    matches!(
        word.keyword,
        Keyword::SELECT | Keyword::WITH | Keyword::VALUES | Keyword::TABLE | Keyword::EXISTS
    )
}

fn is_literal(token: &Token) -> bool {
    matches!(
        token,
        Token::Whitespace(_)
            | Token::Comma
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
    )
}

/// The place that ends a message of the parser, which has no other way to tell it.
fn location(message: &str) -> Option<Location> {
    let (_, place) = message.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location { line: line.parse().ok()?, column: column.parse().ok()? })
}

/// What the reference quotes of a token: words, numbers and strings, but no signs.
fn lexeme(token: &Token) -> String {
    match token {
        Token::Word(word) if word.quote_style.is_none() && word.keyword != Keyword::NoKeyword => {
            word.value.to_lowercase()
        }
        Token::Word(word) => word.value.clone(),
        Token::Number(number, _) => number.clone(),
        Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => text.clone(),
        Token::Char(_)
        | Token::LBrace
        | Token::RBrace
        | Token::LBracket
        | Token::RBracket
        | Token::Backslash => token.to_string(),
        _ => String::new(),
    }
}

/// MySQL with `STARTS_WITH`.
#[derive(Debug)]
struct FilterDialect;

impl Dialect for FilterDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<MySqlDialect>()
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_' || ch == '@'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        self.is_identifier_start(ch) || ch.is_ascii_digit()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_bang_not_operator(&self) -> bool {
        true
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        starts_with_ahead(parser).map(|_| Ok(self.prec_value(Precedence::Like)))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        let operator = starts_with_ahead(parser)?;
        for _ in operator.split(' ') {
            parser.next_token();
        }
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp {
            left: Box::new(expr.clone()),
            op: BinaryOperator::Custom(operator.to_owned()),
            right: Box::new(right),
        }))
    }
}

fn starts_with_ahead(parser: &Parser) -> Option<&'static str> {
    let is_word = |n, wanted: &str| match &parser.peek_nth_token_ref(n).token {
        Token::Word(word) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted),
        _ => false,
    };
    if is_word(0, STARTS_WITH) {
        return Some(STARTS_WITH);
    }
    (is_word(0, "NOT") && is_word(1, STARTS_WITH)).then_some(NOT_STARTS_WITH)
}
