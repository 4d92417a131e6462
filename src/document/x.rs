//! Posts from an archive of X, which was Twitter: JSON behind an assignment, so that a browser can load it as a script.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::builder::Builder;
use super::posts::{Body, Post};
use super::{DocumentError, json, people};

/// The words that begin such a file; the kind of its entries follows.
const MARK: &str = "window.YTD.";

/// How many characters of a long post the short form of it surely has.
const SHORT_FORM: usize = 100;

/// How many posts may lie between a post and the beginning of its thread.
const MAX_THREAD: usize = 10_000;

/// The kind of the entries of such a file: `tweets`, `account`.
pub(super) fn kind(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix(MARK)?.split('.').next()
}

/// Whether a file of this kind holds posts of the person.
pub(super) fn is_posts(kind: &str) -> bool {
    matches!(kind, "tweet" | "tweets" | "note_tweet" | "community_tweet")
}

/// Beginnings of long posts, to tell their shortened forms by.
#[derive(Default)]
pub(super) struct LongPosts(BTreeSet<String>);

/// Reads posts, the oldest first and threads together.
pub(super) fn extract(text: &str, long: &LongPosts) -> Result<Builder, DocumentError> {
    let mut posts = BTreeMap::new();
    entries(text, &mut |entry| {
        let post = entry.get("noteTweet").map_or_else(|| tweet(entry.get("tweet").unwrap_or(&entry)), note);
        if let Some(post) = post {
            posts.entry(post.id).or_insert(post);
        }
    })?;
    let mut out = Builder::default();
    for post in posts.values() {
        post.people.iter().for_each(|name| out.person(name.clone()));
    }
    posts.retain(|_, post| post.is_note || !long.0.contains(&start(&post.words)));
    if !posts.is_empty() {
        out.heading(1, "Posts");
    }
    for (root, ids) in threads(&posts) {
        let heading = posts.get(&root).map(|post| post.day.clone()).unwrap_or_default();
        let body = ids.iter().filter_map(|id| posts.get(id)).map(|post| Body::Plain(post.words.clone())).collect();
        Post { heading, lines: Vec::new(), body }.write(2, &mut out)?;
    }
    Ok(out)
}

/// The beginnings of the long posts in a file.
pub(super) fn long_posts(text: &str) -> LongPosts {
    let mut long = LongPosts::default();
    // A file that cannot be read is complained about when its turn comes.
    let _ = entries(text, &mut |entry| {
        long.0.extend(entry.get("noteTweet").and_then(note).map(|post| start(&post.words)));
    });
    long
}

/// The names that the account has.
pub(super) fn account_people(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let _ = entries(text, &mut |entry| {
        let name = entry.pointer("/account/accountDisplayName").and_then(Value::as_str);
        names.extend(name.and_then(|name| people::name(name, false)));
    });
    names
}

fn entries(text: &str, each: &mut dyn FnMut(Value)) -> Result<(), DocumentError> {
    let text = text.trim_start();
    let list = if text.starts_with(MARK) { text.split_once('=').map_or("", |(_, list)| list) } else { text };
    json::entries(list.trim_end().trim_end_matches(';'), None, each)
}

struct Tweet {
    id: u64,
    reply_to: Option<u64>,
    day: String,
    words: String,
    people: Vec<String>,
    is_note: bool,
}

fn tweet(entry: &Value) -> Option<Tweet> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let words = text("full_text").or_else(|| text("text"))?;
    let retweeted = entry.get("retweeted_status").is_some_and(Value::is_object) || words.starts_with("RT @");
    let id =
        text("id_str").or_else(|| text("id")).and_then(|id| id.parse().ok()).or_else(|| entry.get("id")?.as_u64())?;
    let mut words = words.to_owned();
    let list = |path: &str| entry.pointer(path).and_then(Value::as_array).into_iter().flatten();
    for link in list("/entities/urls") {
        replace(&mut words, link, "url", "expanded_url");
    }
    // The address of the post's own picture or video says nothing.
    for link in list("/entities/media").chain(list("/extended_entities/media")) {
        if let Some(short) = link.get("url").and_then(Value::as_str).filter(|short| !short.is_empty()) {
            words = words.replace(short, "");
        }
    }
    let people = list("/entities/user_mentions").filter_map(|user| people::name(user.get("name")?.as_str()?, false));
    let people = people.collect();
    let reply_to = text("in_reply_to_status_id_str").and_then(|id| id.parse().ok());
    let day = text("created_at").map(day).unwrap_or_default();
    (!retweeted).then(|| Tweet { id, reply_to, day, words: unescape(&words), people, is_note: false })
}

fn note(entry: &Value) -> Option<Tweet> {
    let text = |path: &str| entry.pointer(path).and_then(Value::as_str);
    let mut words = text("/core/text")?.to_owned();
    for link in entry.pointer("/core/urls").and_then(Value::as_array).into_iter().flatten() {
        replace(&mut words, link, "shortUrl", "expandedUrl");
    }
    let id = text("/noteTweetId").and_then(|id| id.parse().ok())?;
    let day = text("/createdAt").map(|date| super::posts::day(date).to_owned()).unwrap_or_default();
    Some(Tweet { id, reply_to: None, day, words: unescape(&words), people: Vec::new(), is_note: true })
}

fn replace(words: &mut String, link: &Value, short: &str, long: &str) {
    let text = |key: &str| link.get(key).and_then(Value::as_str).filter(|url| !url.is_empty());
    if let (Some(short), Some(long)) = (text(short), text(long)) {
        *words = words.replace(short, long);
    }
}

/// The few entities that the archive writes.
fn unescape(words: &str) -> String {
    words.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

/// `2018-10-10` of `Wed Oct 10 20:19:24 +0000 2018`.
fn day(date: &str) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let parts: Vec<&str> = date.split(' ').collect();
    if let [_, month, day, _, _, year] = parts.as_slice()
        && month.len() == 3
        && let Some(idx) = MONTHS.find(month).filter(|idx| idx % 3 == 0)
    {
        return format!("{year}-{:02}-{day:0>2}", idx / 3 + 1);
    }
    super::posts::day(date).to_owned()
}

fn start(words: &str) -> String {
    words.chars().filter(|c| !c.is_whitespace()).take(SHORT_FORM).collect()
}

/// Posts by the first of their thread, in the order of the first ones; an answer to one of one's own posts goes on with it.
fn threads(posts: &BTreeMap<u64, Tweet>) -> BTreeMap<u64, Vec<u64>> {
    let (mut roots, mut threads) = (BTreeMap::<u64, (u64, usize)>::new(), BTreeMap::<u64, Vec<u64>>::new());
    // Numbers grow with time, so the post answered to was seen before.
    for (id, post) in posts {
        let (root, depth) = match post.reply_to.and_then(|before| roots.get(&before)) {
            Some((root, depth)) if *depth < MAX_THREAD => (*root, depth + 1),
            _ => (*id, 0),
        };
        roots.insert(*id, (root, depth));
        threads.entry(root).or_default().push(*id);
    }
    threads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(extract(source, &LongPosts::default()).unwrap().finish().0, expected);
    }

    #[test]
    fn posts_and_threads() {
        check(
            r#"window.YTD.tweets.part0 = [
            {"tweet": {"id_str": "30", "full_text": "Second of it https://t.co/p", "created_at": "Thu Oct 11 20:19:24 +0000 2018", "in_reply_to_status_id_str": "10",
              "entities": {"media": [{"url": "https://t.co/p"}]}}},
            {"tweet": {"id_str": "20", "full_text": "RT @b: no", "created_at": "x"}},
            {"tweet": {"id_str": "25", "full_text": "@b &lt;3 https://t.co/a", "created_at": "Thu Oct 11 01:00:00 +0000 2018", "in_reply_to_status_id_str": "7",
              "entities": {"urls": [{"url": "https://t.co/a", "expanded_url": "https://a.example/x"}]}}},
            {"tweet": {"id_str": "10", "full_text": "Tea &amp; tides", "created_at": "Wed Oct 10 20:19:24 +0000 2018"}}
            ]"#,
            "# Posts\n\n## 2018-10-10\n\nTea & tides\n\nSecond of it\n\n## 2018-10-11\n\n@b <3 https://a.example/x\n",
        );
    }

    #[test]
    fn long_posts_are_there_once() {
        let words = "word ".repeat(80);
        let notes = format!(
            r#"window.YTD.note_tweet.part0 = [{{"noteTweet": {{"noteTweetId": "5", "createdAt": "2023-02-01T00:00:00.000Z", "core": {{"text": "{words}"}}}}}}]"#
        );
        let short =
            format!(r#"[{{"tweet": {{"id_str": "6", "full_text": "{}…", "created_at": "x"}}}}]"#, &words[..270]);
        let long = long_posts(&notes);
        assert!(extract(&short, &long).unwrap().is_empty());
        assert_eq!(kind(&notes), Some("note_tweet"));
        check(&notes, &format!("# Posts\n\n## 2023-02-01\n\n{}\n", words.trim()));
    }
}
