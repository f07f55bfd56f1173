//! Did you mean: what an unknown word was probably meant to be.
//!
//! Knows distances between words, not what the words are for.

/// More changes than this and it is another word.
const FARTHEST: usize = 3;

/// The known words closest to a word, all at the same distance; a difference in case alone counts for nothing.
pub(super) fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let upper = word.to_uppercase();
    let mut best = Vec::new();
    let mut least = FARTHEST.min(word.chars().count() / 2);
    for candidate in known {
        let distance = strsim::damerau_levenshtein(&upper, &candidate.to_uppercase());
        if distance < least {
            least = distance;
            best.clear();
        }
        if distance == least {
            best.push(candidate);
        }
    }
    best
}

/// The words in backticks with "or" between.
pub(super) fn either(words: &[impl AsRef<str>]) -> String {
    words.iter().map(|word| format!("`{}`", word.as_ref())).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {

    #[test]
    fn all_the_closest_and_only_these() {
        let known = ["PROXY_HTTP", "PROXY_HTTPS", "PROXY_NO", "MEM"];
        let closest = |word| super::closest(word, known.into_iter());
        assert_eq!(closest("PROXY_HTPS"), ["PROXY_HTTPS"]);
        assert_eq!(closest("PROXY_HTTPX"), ["PROXY_HTTP", "PROXY_HTTPS"]);
        assert_eq!(closest("proxy_no"), ["PROXY_NO"]);
        assert_eq!(closest("MEME"), ["MEM"]);
        assert_eq!(closest("ME"), ["MEM"]);
        assert!(closest("NOTHING_LIKE_IT").is_empty());
        assert!(closest("X").is_empty());
    }
}
