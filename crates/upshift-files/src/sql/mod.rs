//! PostgreSQL's lexical rules, enough of them to cut a text into statements exactly.
