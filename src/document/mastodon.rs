//! Posts and profile from an archive of Mastodon, or of any server that speaks `ActivityPub`.

use serde_json::Value;

use super::builder::Builder;
use super::posts::{Body, Post, day};
use super::{DocumentError, html, json, people};

/// Keys that tell a list of activities, and a profile.
const OUTBOX: &str = "orderedItems";
const ACTOR: &[&str] = &["preferredUsername", "inbox"];

/// Whether an object with these keys is a list of activities.
pub(super) fn is_outbox(keys: &[String]) -> bool {
    keys.iter().any(|key| key == OUTBOX)
}

/// Whether an object with these keys is a profile.
pub(super) fn is_actor(keys: &[String]) -> bool {
    ACTOR.iter().all(|known| keys.iter().any(|key| key == known))
}

/// Reads the posts that anybody may read, the oldest first.
pub(super) fn outbox(text: &str) -> Result<Builder, DocumentError> {
    let mut posts: Vec<(String, Post)> = Vec::new();
    let (mut names, mut activities) = (Vec::new(), 0usize);
    json::entries(text, Some(OUTBOX), &mut |activity| {
        activities += usize::from(activity.is_object());
        if let Some(note) = activity.get("object").filter(|note| is_post(&activity, note)) {
            let tags = note.get("tag").and_then(Value::as_array).into_iter().flatten();
            names.extend(tags.filter_map(|tag| people::name(tag.get("name")?.as_str()?, false)));
            posts.push(post(note));
        }
    })?;
    // Likes and bookmarks are lists of addresses.
    if activities == 0 {
        return Err(DocumentError::UnknownFormat { extension: Some("json".to_owned()) });
    }
    posts.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut out = Builder::default();
    if !posts.is_empty() {
        out.heading(1, "Posts");
    }
    names.into_iter().for_each(|name| out.person(name));
    posts.iter().try_for_each(|(_, post)| post.write(2, &mut out))?;
    Ok(out)
}

/// Reads a profile.
pub(super) fn actor(text: &str) -> Result<Builder, DocumentError> {
    json::check_depth(text)?;
    let actor: Value = serde_json::from_str(text).map_err(|error| json::not_json(&error))?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut out = Builder::default();
    let handle = text(&actor, "preferredUsername").unwrap_or_default();
    let name = text(&actor, "name").filter(|name| !name.trim().is_empty());
    people::name(name.as_deref().unwrap_or_default(), false).into_iter().for_each(|name| out.person(name));
    out.heading(1, name.as_deref().unwrap_or(&handle));
    if !handle.is_empty() {
        out.key_value(0, "Mastodon", &format!("Mastodon: @{handle}"));
    }
    for field in actor.get("attachment").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (text(field, "name"), text(field, "value")) {
            let value = html::extract(&value)?;
            out.key_value(0, &key, &format!("{key}: {}", value.words()));
        }
    }
    out.gap();
    out.append(html::extract(&text(&actor, "summary").unwrap_or_default())?);
    Ok(out)
}

/// Whether an activity is a post for everybody; what is repeated of others is another kind of activity.
fn is_post(activity: &Value, note: &Value) -> bool {
    let is = |value: &Value, kind: &str| value.get("type").and_then(Value::as_str) == Some(kind);
    let public = ["to", "cc"].iter().any(|key| {
        [activity, note].iter().filter_map(|value| value.get(key)).any(|to| match to {
            Value::String(to) => is_public(to),
            Value::Array(several) => several.iter().filter_map(Value::as_str).any(is_public),
            _ => false,
        })
    });
    is(activity, "Create") && (is(note, "Note") || is(note, "Article") || is(note, "Question")) && public
}

fn is_public(to: &str) -> bool {
    matches!(to, "https://www.w3.org/ns/activitystreams#Public" | "as:Public" | "Public")
}

fn post(note: &Value) -> (String, Post) {
    let text = |key: &str| note.get(key).and_then(Value::as_str).filter(|words| !words.trim().is_empty());
    let date = text("published").unwrap_or_default();
    let mut lines = Vec::new();
    let heading = text("name").unwrap_or(day(date)).to_owned();
    if text("name").is_some() && !date.is_empty() {
        lines.push(("Date".to_owned(), day(date).to_owned()));
    }
    // What a post hides behind is words of its author, too.
    lines.extend(text("summary").map(|words| ("Content warning".to_owned(), words.to_owned())));
    let body = text("content").map(|source| Body::Html(source.to_owned())).into_iter().collect();
    (date.to_owned(), Post { heading, lines, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_posts_only() {
        let source = r#"{"type": "OrderedCollection", "orderedItems": [
            {"type": "Create", "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": {"type": "Note", "published": "2024-05-06T00:00:00Z",
              "content": "<p>Tea &amp; <a href=\"https://a.example\">tides</a></p>", "summary": "food"}},
            {"type": "Announce", "to": ["https://www.w3.org/ns/activitystreams#Public"], "object": "https://b.example/1"},
            {"type": "Create", "to": ["https://b.example/users/bo"], "object": {"type": "Note", "content": "<p>secret</p>"}},
            {"type": "Create", "to": ["https://a.example/followers"], "cc": "as:Public", "object": {"type": "Note", "published": "2023-01-01T00:00:00Z", "content": "<p>First</p>"}}
        ]}"#;
        assert_eq!(
            outbox(source).unwrap().finish().0,
            "# Posts\n\n## 2023-01-01\n\nFirst\n\n## 2024-05-06\n\nContent warning: food\n\nTea & [tides](https://a.example)\n"
        );
    }

    #[test]
    fn profile() {
        let source = r#"{"preferredUsername": "ada", "inbox": "x", "name": "Ada Quill", "summary": "<p>Tides.</p>",
            "attachment": [{"type": "PropertyValue", "name": "Site", "value": "<a href=\"https://a.example\">a.example</a>"}]}"#;
        let mut out = actor(source).unwrap();
        assert_eq!(out.take_people(), ["Ada Quill"]);
        assert_eq!(out.finish().0, "# Ada Quill\n\nMastodon: @ada\nSite: [a.example](https://a.example)\n\nTides.\n");
    }
}
