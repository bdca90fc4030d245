pub fn first_word_of(column: &str) -> String {
    format!("update users set first_name = split_part({column}, ' ', 1)")
}
