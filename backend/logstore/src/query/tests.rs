//! What queries mean, and what is none.

use super::*;
use proptest::prelude::*;

fn shown(text: &str) -> String {
    fn say(query: &Query) -> String {
        let list = |all: &[Query], by: &str| all.iter().map(say).collect::<Vec<_>>().join(by);
        match query {
            Query::All => "all".into(),
            Query::And(all) => format!("({})", list(all, " & ")),
            Query::Or(some) => format!("({})", list(some, " | ")),
            Query::Not(one) => format!("!{}", say(one)),
            Query::Anywhere(pattern) => format!("{pattern:?}"),
            Query::Field(names, pattern) => format!("{}:{pattern:?}", names.0.join(",")),
        }
    }
    match parse(text) {
        Ok(query) => say(&query),
        Err(mistake) => mistake.to_string(),
    }
}

#[test]
fn texts_and_what_they_mean() {
    for (text, meaning) in [
        ("", "all"),
        ("  ", "all"),
        ("*", "all"),
        ("Mimikatz", r#""mimikatz""#),
        ("a b", r#"("a" & "b")"#),
        ("a AND b OR c", r#"(("a" & "b") | "c")"#),
        ("a (b OR NOT c)", r#"("a" & ("b" | !"c"))"#),
        ("-a -b", r#"(!"a" & !"b")"#),
        ("a-b --verbose - ", r#"("a-b" & "--verbose" & "-")"#),
        ("not or and", r#"("not" & "or" & "and")"#),
        ("ORDER ANDY", r#"("order" & "andy")"#),
        (r#""net  user" x"#, r#"("net  user" & "x")"#),
        (r#""a\"b\\c\d""#, r#""a\"b\\c\\d""#),
        ("EventID:4688", r#"EventID:"4688""#),
        (r#"user.name:"NT AUTHORITY\SYSTEM""#, r#"user.name:"nt authority\\system""#),
        ("Image:*\\cmd.exe", r#"Image:[Run, Text("\\cmd.exe")]"#),
        ("f:*", "f:*"),
        ("f:(a OR b*)", r#"(f:"a" | f:[Text("b"), Run])"#),
        ("p?w**s", r#"[Text("p"), One, Text("w"), Run, Text("s")]"#),
        (r"C:\Windows\System32", r#""c:\\windows\\system32""#),
        (r"\\server\share", r#""\\server\\share""#),
        ("https://example.com/a", r#""https://example.com/a""#),
        ("sekurlsa::logonpasswords", r#""sekurlsa::logonpasswords""#),
        ("10:20:30", r#""10:20:30""#),
        ("/a.+b/", "/a.+b/"),
        ("f:/^a\\/b$/", "f:/^a/b$/"),
        ("/var/log/auth.log", r#""/var/log/auth.log""#),
        (r"a\*b", r#""a*b""#),
        ("日本 ÄÖ", r#"("日本" & "äö")"#),
        ("a | stats count", "column 3: pipes are not read by this version; quote the | to look for it"),
        ("ä (b", "column 3: this ( has no )"),
        ("a )", "column 3: there is no ( for this )"),
        ("()", "column 1: there is nothing between these parentheses"),
        ("a OR", "column 5: OR needs something after it"),
        ("OR a", "column 1: OR needs something before it"),
        ("AND a", "column 1: AND needs something before it"),
        ("a AND", "column 6: AND needs something after it"),
        ("a AND AND b", "column 7: AND needs something before it"),
        ("a NOT", "column 6: NOT needs something after it"),
        ("f:", "column 1: this field has no value; :* is any"),
        ("f:(g:a)", "column 4: a field inside the parentheses of another"),
        ("\"ab", "column 1: this \" is never closed"),
        ("x /(/", "column 3: this is no regular expression: unclosed group"),
    ] {
        assert_eq!(shown(text), meaning, "{text}");
    }
    assert_eq!(shown(&"a ".repeat(1001)), "column 2001: more than 1000 terms");
    assert!(shown(&"(".repeat(70)).starts_with("column 65: more than 64 parentheses"));
    assert!(shown(&"NOT ".repeat(70)).contains("more than 64"));
    assert!(shown("/(a{9999}){9999}/").starts_with("column 1: this is no regular expression"));
}

proptest! {
    #[test]
    fn any_text_is_a_query_or_a_mistake_in_it(text in r#"([a-c:*?"()/|\\ -]|AND |OR |NOT |.){0,24}"#) {
        if let Err(mistake) = parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&mistake.column), "{mistake}");
        }
    }

    #[test]
    fn wildcards_are_as_a_regular_expression_says(pattern in "[ab*?]{1,8}", text in "[abAé]{0,10}") {
        let Ok(Query::Anywhere(parsed)) = parse(&pattern) else { return Ok(()) };
        let inner: String = pattern.chars().map(|c| match c { '*' => ".*".into(), '?' => ".".into(), c => c.to_string() }).collect();
        let whole = Regex::new(&format!("^(?si:{inner})$")).unwrap();
        let within = Regex::new(&format!("(?si:{inner})")).unwrap();
        prop_assert_eq!(parsed.is(&text), whole.is_match(&text));
        prop_assert_eq!(parsed.within(&text), within.is_match(&text));
    }
}
