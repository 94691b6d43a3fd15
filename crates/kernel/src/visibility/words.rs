//! Words of texts. A text matches a query if any of the query's parts, separated by blanks, occurs in it as
//! consecutive words: letters and digits, whatever the case and the accents.

/// The words of a text, folded.
pub(super) fn split(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(fold).collect()
}

/// The parts of a query text: each a run of words to find next to each other.
pub(super) fn phrases(query: &str) -> Vec<Vec<String>> {
    query.split_whitespace().map(split).filter(|phrase| !phrase.is_empty()).collect()
}

/// Whether any of the phrases occurs in the text.
pub(super) fn any_occurs(phrases: &[Vec<String>], text: &str) -> bool {
    let words = split(text);
    phrases.iter().any(|phrase| words.windows(phrase.len()).any(|window| window == phrase.as_slice()))
}

fn fold(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).map(without_accent).collect()
}

/// The base letter of the accented Latin letters in common use; other letters stay as they are.
fn without_accent(letter: char) -> char {
    const BASES: [(char, &str); 12] = [
        ('a', "àáâãäåāăą"),
        ('c', "çćĉċč"),
        ('d', "ď"),
        ('e', "èéêëēĕėęě"),
        ('g', "ĝğġģ"),
        ('i', "ìíîïĩīĭį"),
        ('n', "ñńņň"),
        ('o', "òóôõöōŏő"),
        ('s', "śŝşš"),
        ('u', "ùúûüũūŭůűų"),
        ('y', "ýÿŷ"),
        ('z', "źżž"),
    ];
    if letter.is_ascii() {
        return letter;
    }
    BASES.iter().find(|(_, accented)| accented.contains(letter)).map_or(letter, |(base, _)| *base)
}
