//! Sizes: a file ends by line 600, a function by line 70. Tests are free.

use super::{Source, scrub::scrub};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// Complaints about a file or a function of it that is too long.
pub fn check(source: &Source) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    let code = scrub(&source.text);
    let lines: Vec<&str> = code.lines().collect();
    let tests = test_modules(&lines);
    let is_production = |line: usize| !tests.iter().any(|module| module.contains(&line));
    let mut found = Vec::new();
    let length = (0..lines.len()).filter(|&line| is_production(line)).count();
    if length > FILE_LINES_MAX {
        found.push(format!("{}: {length} lines, {FILE_LINES_MAX} is the wall", source.path));
    }
    for function in functions(&lines).into_iter().filter(|each| is_production(each.first)) {
        let length = function.last - function.first + 1;
        if length > FUNCTION_LINES_MAX {
            let at = function.first + 1;
            found.push(format!(
                "{}:{at}: fn {} has {length} lines, {FUNCTION_LINES_MAX} is the wall",
                source.path, function.name
            ));
        }
    }
    found
}

struct Function<'a> {
    name: &'a str,
    first: usize,
    last: usize,
}

/// Functions with a body, by their first and last line, counted from zero.
fn functions<'a>(lines: &[&'a str]) -> Vec<Function<'a>> {
    let named = lines.iter().enumerate().filter_map(|(first, line)| Some((first, function_name(line)?)));
    named
        .filter_map(|(first, name)| Some(Function { name, first, last: body_end(&lines[first..])? + first }))
        .collect()
}

/// Name of the function that this line declares; `fn(u8)` is a type and declares none.
fn function_name(line: &str) -> Option<&str> {
    let at = line.match_indices("fn ").map(|(at, _)| at).find(|&at| !line[..at].ends_with(is_word))?;
    let name = line[at + 3..].trim_start();
    let name = &name[..name.find(|c| !is_word(c)).unwrap_or(name.len())];
    (!name.is_empty()).then_some(name)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Line that closes the first brace; `None` if a semicolon comes before any brace.
fn body_end(lines: &[&str]) -> Option<usize> {
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (number, line) in lines.iter().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets -= 1,
                '{' => braces += 1,
                '}' => {
                    braces -= 1;
                    if braces == 0 && brackets == 0 {
                        return Some(number);
                    }
                }
                ';' if braces == 0 && brackets == 0 => return None,
                _ => {}
            }
        }
    }
    None
}

/// Lines of the modules that are compiled for tests alone.
fn test_modules(lines: &[&str]) -> Vec<std::ops::RangeInclusive<usize>> {
    let marks = lines.iter().enumerate().filter(|(_, line)| line.trim() == "#[cfg(test)]");
    marks.filter_map(|(first, _)| Some(first..=first + 1 + body_end(lines.get(first + 1..)?)?)).collect()
}
